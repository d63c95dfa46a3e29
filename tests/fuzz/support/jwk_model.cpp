#include "support/jwk_model.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <string>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include "crypto/handles.hpp"
#include "crypto/kinds.hpp"
#include "support/base64url_model.hpp"

namespace authjwks::fuzz {
namespace {

struct Kind {
    std::string_view algs, kty, crv;  ///< algs: names, each between blanks
    std::size_t coordinate;
    int nid;
};
constexpr std::array<Kind, 6> kKinds{{{" RS256 RS384 RS512 PS256 PS384 PS512 ", "RSA", "", 0, 0},
                                      {" ES256 ", "EC", "P-256", 32, NID_X9_62_prime256v1},
                                      {" ES384 ", "EC", "P-384", 48, NID_secp384r1},
                                      {" ES512 ", "EC", "P-521", 66, NID_secp521r1},
                                      {" EdDSA Ed25519 ", "OKP", "Ed25519", 32, 0},
                                      {" EdDSA Ed448 ", "OKP", "Ed448", 57, 0}}};

const JsonModel* present(const JsonModel& jwk, std::string_view name) {
    const auto* const member = jwk.member(name);
    return member == nullptr || member->is_null() ? nullptr : member;
}

bool is_text(const JsonModel& jwk, std::string_view name, std::string_view expected) {
    const auto* const member = present(jwk, name);
    return member != nullptr && member->text() != nullptr && *member->text() == expected;
}

bool absent_or(const JsonModel& jwk, std::string_view name, std::string_view expected) {
    return present(jwk, name) == nullptr || is_text(jwk, name, expected);
}

/// In either alphabet, padded or not, for key material is read so.
std::string bytes_of(const JsonModel& jwk, std::string_view name) {
    const auto* const member = present(jwk, name);
    if (member == nullptr || member->text() == nullptr) return {};
    std::string text = *member->text();
    text.erase(text.find_last_not_of('=') + 1);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return from_base64url(text).value_or("");
}

bool is_strong_rsa(const JsonModel& jwk) {
    std::string n = bytes_of(jwk, "n"), e = bytes_of(jwk, "e");
    n.erase(0, n.find_first_not_of('\0'));
    e.erase(0, e.find_first_not_of('\0'));
    if (n.empty() || e.empty() || n.size() > 1024 || e.size() > 8) return false;
    const auto bits = n.size() * 8 - static_cast<std::size_t>(std::countl_zero(static_cast<unsigned char>(n.front())));
    return bits >= 2048 && (n.back() & 1) == 1 && (e.back() & 1) == 1 && e != "\x01";
}

bool is_on_curve(const JsonModel& jwk, const Kind& kind) {
    const std::string x = bytes_of(jwk, "x"), y = bytes_of(jwk, "y");
    if (x.size() != kind.coordinate || y.size() != kind.coordinate) return false;
    const auto number = [](const std::string& bytes) {
        const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
        return crypto::Bignum(BN_bin2bn(data, static_cast<int>(bytes.size()), nullptr));
    };
    const std::unique_ptr<EC_GROUP, crypto::Freed<EC_GROUP_free>> group(EC_GROUP_new_by_curve_name(kind.nid));
    const std::unique_ptr<EC_POINT, crypto::Freed<EC_POINT_free>> point(EC_POINT_new(group.get()));
    const bool on =
        EC_POINT_set_affine_coordinates(group.get(), point.get(), number(x).get(), number(y).get(), nullptr) == 1;
    ERR_clear_error();
    return on;
}

bool allows_verifying(const JsonModel& jwk) {
    if (!absent_or(jwk, "use", "sig")) return false;
    const auto* const operations = present(jwk, "key_ops");
    if (operations == nullptr) return true;
    return operations->array() != nullptr && std::ranges::any_of(*operations->array(), [](const JsonModel& item) {
               return item.text() != nullptr && *item.text() == "verify";
           });
}

}  // namespace

bool may_verify(const JsonModel& jwk, std::string_view alg) {
    if (jwk.object() == nullptr || !jwk.names_are_distinct() || present(jwk, "d") != nullptr) return false;
    if (!allows_verifying(jwk) || !absent_or(jwk, "alg", alg)) return false;
    const std::string word = ' ' + std::string(alg) + ' ';
    return std::ranges::any_of(kKinds, [&](const Kind& kind) {
        if (kind.crv == "Ed448" && !crypto::kHasEd448) return false;
        if (kind.algs.find(word) == std::string_view::npos || !is_text(jwk, "kty", kind.kty)) return false;
        if (kind.kty == "RSA") return is_strong_rsa(jwk);
        if (!is_text(jwk, "crv", kind.crv)) return false;
        return kind.kty == "EC" ? is_on_curve(jwk, kind) : bytes_of(jwk, "x").size() == kind.coordinate;
    });
}

}  // namespace authjwks::fuzz
