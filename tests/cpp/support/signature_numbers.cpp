#include "support/signature_numbers.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/ec.h>
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
    if (!held) throw std::runtime_error("OpenSSL failed while a signature was taken apart");
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

ossl::Bignum from_hex(const char* digits) {
    BIGNUM* read = nullptr;
    demand(BN_hex2bn(&read, digits) > 0);
    return ossl::Bignum(read);
}

ossl::Bignum empty() {
    ossl::Bignum made(BN_new());
    demand(made != nullptr);
    return made;
}

}  // namespace

ossl::Bignum number(std::string_view big_endian) {
    return ossl::Bignum(BN_bin2bn(bytes(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

ossl::Bignum number_from_little_endian(std::string_view text) {
    return ossl::Bignum(BN_lebin2bn(bytes(text), static_cast<int>(text.size()), nullptr));
}

ossl::Bignum sum(const BIGNUM& one, const BIGNUM& other) {
    ossl::Bignum result = empty();
    demand(BN_add(result.get(), &one, &other) == 1);
    return result;
}

ossl::Bignum difference(const BIGNUM& one, const BIGNUM& other) {
    ossl::Bignum result = empty();
    demand(BN_sub(result.get(), &one, &other) == 1);
    return result;
}

ossl::Bignum multiple(const BIGNUM& one, unsigned long times) {
    ossl::Bignum result(BN_dup(&one));
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
    const std::unique_ptr<ECDSA_SIG, ossl::Freed<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
    ossl::Bignum own_r(BN_dup(r.get())), own_s(BN_dup(s.get()));
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

ossl::Bignum order_of(std::string_view kind) {
    const Curve* curve = find_curve(kind);
    demand(curve != nullptr);
    if (curve->id == CurveId::ed25519) return from_hex(kEd25519Order);
    if (curve->id == CurveId::ed448) return from_hex(kEd448Order);
    const std::unique_ptr<EC_GROUP, ossl::Freed<EC_GROUP_free>> group(
        EC_GROUP_new_by_curve_name(OBJ_sn2nid(curve->openssl_name)));
    demand(group != nullptr);
    return ossl::Bignum(BN_dup(EC_GROUP_get0_order(group.get())));
}

ossl::Bignum modulus_of(const KeyPair& rsa) {
    BIGNUM* modulus = nullptr;
    demand(EVP_PKEY_get_bn_param(rsa.public_key().get(), OSSL_PKEY_PARAM_RSA_N, &modulus) == 1);
    return ossl::Bignum(modulus);
}

}  // namespace authjwks::support
