#include "support/signature_numbers.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "jose/algorithm.hpp"

namespace authjwks::support {
namespace {

// RFC 8032 §5.1 and §5.2.
constexpr const char* kEd25519Order = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
constexpr const char* kEd448Order =
    "3fffffffffffffffffffffffffffffffffffffffffffffffffffffff7cca23e9c44edb49aed63690216cc2728dc58f552378c292ab5844f3";

void demand(bool held) {
    if (!held) throw std::runtime_error("the library failed while a signature was taken apart");
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

crypto::Bignum from_hex(const char* digits) {
    BIGNUM* read = nullptr;
    demand(BN_hex2bn(&read, digits) > 0);
    return crypto::Bignum(read);
}

crypto::Bignum empty() {
    crypto::Bignum made(BN_new());
    demand(made != nullptr);
    return made;
}

}  // namespace

crypto::Bignum number(std::string_view big_endian) {
    return crypto::Bignum(BN_bin2bn(bytes(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

crypto::Bignum number_from_little_endian(std::string_view text) {
    return number(std::string(text.rbegin(), text.rend()));
}

crypto::Bignum sum(const BIGNUM& one, const BIGNUM& other) {
    crypto::Bignum result = empty();
    demand(BN_add(result.get(), &one, &other) == 1);
    return result;
}

crypto::Bignum difference(const BIGNUM& one, const BIGNUM& other) {
    crypto::Bignum result = empty();
    demand(BN_sub(result.get(), &one, &other) == 1);
    return result;
}

crypto::Bignum multiple(const BIGNUM& one, unsigned long times) {
    crypto::Bignum result(BN_dup(&one));
    demand(result != nullptr && BN_mul_word(result.get(), times) == 1);
    return result;
}

std::string big_endian(const BIGNUM& number, std::size_t size) {
    std::string text = bytes_of(number);
    if (text.size() < size) return std::string(size - text.size(), '\0') + text;
    return text.substr(text.size() - size);
}

std::string little_endian(const BIGNUM& number, std::size_t size) {
    const std::string text = big_endian(number, size);
    return {text.rbegin(), text.rend()};
}

std::string EcdsaNumbers::side_by_side(std::size_t half) const { return big_endian(*r, half) + big_endian(*s, half); }

std::string EcdsaNumbers::der() const {
    const std::unique_ptr<ECDSA_SIG, crypto::Freed<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
    crypto::Bignum own_r(BN_dup(r.get())), own_s(BN_dup(s.get()));
    demand(pair && own_r && own_s && ECDSA_SIG_set0(pair.get(), own_r.get(), own_s.get()) == 1);
    static_cast<void>(own_r.release());  // the pair's now
    static_cast<void>(own_s.release());
    std::string text(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(text.data());
    demand(i2d_ECDSA_SIG(pair.get(), &out) > 0);
    return text;
}

EcdsaNumbers ecdsa_numbers(std::string_view side_by_side) {
    const std::size_t half = side_by_side.size() / 2;
    return {number(side_by_side.substr(0, half)), number(side_by_side.substr(half))};
}

crypto::Bignum order_of(std::string_view kind) {
    const Curve* curve = find_curve(kind);
    demand(curve != nullptr);
    if (curve->id == CurveId::ed25519) return from_hex(kEd25519Order);
    if (curve->id == CurveId::ed448) return from_hex(kEd448Order);
    const int nid = curve->id == CurveId::p256   ? NID_X9_62_prime256v1
                    : curve->id == CurveId::p384 ? NID_secp384r1
                                                 : NID_secp521r1;
    const std::unique_ptr<EC_GROUP, crypto::Freed<EC_GROUP_free>> group(EC_GROUP_new_by_curve_name(nid));
    demand(group != nullptr);
    return crypto::Bignum(BN_dup(EC_GROUP_get0_order(group.get())));
}

crypto::Bignum modulus_of(const KeyPair& rsa) {
    const auto numbers = rsa.public_key().rsa_numbers();
    demand(numbers.has_value());
    return number(numbers->modulus);
}

}  // namespace authjwks::support
