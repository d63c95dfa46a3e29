// AWS-LC, which has no providers and no parameters: keys are made by type.
#include "crypto/library.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include <openssl/base.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/thread.h>

#include "crypto/handles.hpp"
#include "crypto/version.hpp"

namespace authjwks::crypto {
namespace {

using EcKey = std::unique_ptr<EC_KEY, Freed<EC_KEY_free>>;
using EcPoint = std::unique_ptr<EC_POINT, Freed<EC_POINT_free>>;
using Rsa = std::unique_ptr<RSA, Freed<RSA_free>>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Bignum number(std::string_view big_endian) { return Bignum(BN_bin2bn(bytes(big_endian), big_endian.size(), nullptr)); }

int nid_of(CurveId curve) {
    switch (curve) {
        case CurveId::p256: return NID_X9_62_prime256v1;
        case CurveId::p384: return NID_secp384r1;
        case CurveId::p521: return NID_secp521r1;
        default: return NID_undef;
    }
}

CurveId curve_of(int nid) {
    switch (nid) {
        case NID_X9_62_prime256v1: return CurveId::p256;
        case NID_secp384r1: return CurveId::p384;
        case NID_secp521r1: return CurveId::p521;
        default: return CurveId::none;
    }
}

/// A key that shares `key`, made by `set`; null if there is none.
template <class T>
NewPkey owner_of(const T& key, int (*set)(EVP_PKEY*, typename T::pointer)) {
    NewPkey pkey(EVP_PKEY_new());
    if (!pkey || !key || set(pkey.get(), key.get()) != 1) return nullptr;
    return pkey;
}

}  // namespace

std::string library_version() { return std::string("AWS-LC ") + AWSLC_VERSION_NUMBER_STRING; }

namespace library {

const bool kRepeatedChecksAreForkSafe = true;

void FreeMd::operator()(const EVP_MD*) const noexcept {}  // all of them are static

NewPkey make_rsa(std::string_view modulus, std::string_view exponent) {
    const auto n = number(modulus), e = number(exponent);
    if (!n || !e) return nullptr;
    // The plain function refuses exponents of more than 33 bits, which RFC 7518 allows.
    const Rsa key(RSA_new_public_key_large_e(n.get(), e.get()));
    return owner_of(key, &EVP_PKEY_set1_RSA);
}

NewPkey make_ec(CurveId curve, std::string_view point) {
    const EcKey key(EC_KEY_new_by_curve_name(nid_of(curve)));
    if (!key) return nullptr;
    const EC_GROUP* const group = EC_KEY_get0_group(key.get());
    const EcPoint read(EC_POINT_new(group));
    if (!read || EC_POINT_oct2point(group, read.get(), bytes(point), point.size(), nullptr) != 1 ||
        EC_KEY_set_public_key(key.get(), read.get()) != 1)
        return nullptr;
    return owner_of(key, &EVP_PKEY_set1_EC_KEY);
}

NewPkey make_okp(CurveId curve, std::string_view raw) {
    if (curve != CurveId::ed25519) return nullptr;
    return NewPkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(raw), raw.size()));
}

KeyKind kind_of(const EVP_PKEY& pkey) {
    switch (EVP_PKEY_id(&pkey)) {
        case EVP_PKEY_RSA: return {KeyType::rsa};
        case EVP_PKEY_ED25519: return {KeyType::okp, CurveId::ed25519};
        case EVP_PKEY_EC: {
            const EC_GROUP* const group = EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(&pkey));
            return {KeyType::ec, group == nullptr ? CurveId::none : curve_of(EC_GROUP_get_curve_name(group))};
        }
        default: return {KeyType::other};
    }
}

std::optional<RsaNumbers> rsa_numbers(const EVP_PKEY& pkey) {
    const RSA* const rsa = EVP_PKEY_get0_RSA(&pkey);
    RsaNumbers numbers{};
    if (rsa == nullptr || BN_get_u64(RSA_get0_e(rsa), &numbers.exponent) != 1) return std::nullopt;
    numbers.modulus.resize(BN_num_bytes(RSA_get0_n(rsa)));
    BN_bn2bin(RSA_get0_n(rsa), reinterpret_cast<unsigned char*>(numbers.modulus.data()));
    return numbers;
}

bool is_at_infinity(const EVP_PKEY& pkey) {
    const EC_KEY* const key = EVP_PKEY_get0_EC_KEY(&pkey);
    const EC_POINT* const point = key == nullptr ? nullptr : EC_KEY_get0_public_key(key);
    return point == nullptr || EC_POINT_is_at_infinity(EC_KEY_get0_group(key), point) == 1;
}

bool are_same(const EVP_PKEY& one, const EVP_PKEY& other) { return EVP_PKEY_cmp(&one, &other) == 1; }

Md digest(Digest id) {
    switch (id) {
        case Digest::sha256: return Md(EVP_sha256());
        case Digest::sha384: return Md(EVP_sha384());
        case Digest::sha512: return Md(EVP_sha512());
        case Digest::none: break;
    }
    return nullptr;
}

void end_thread() { AWSLC_thread_local_clear(); }  // here, because the library's own destructor is in no section

}  // namespace library
}  // namespace authjwks::crypto
