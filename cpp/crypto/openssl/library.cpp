// OpenSSL 3: everything by its providers, nothing that it has deprecated.
#include "crypto/library.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/handles.hpp"
#include "crypto/version.hpp"

namespace authjwks::crypto {
namespace {

struct Name {
    CurveId id;
    KeyType type;
    const char* text;  // of the group (EC) or of the type of key (OKP)
};
constexpr std::array kNames{
    Name{CurveId::p256, KeyType::ec, "prime256v1"}, Name{CurveId::p384, KeyType::ec, "secp384r1"},
    Name{CurveId::p521, KeyType::ec, "secp521r1"},  Name{CurveId::ed25519, KeyType::okp, "ED25519"},
    Name{CurveId::ed448, KeyType::okp, "ED448"},
};

const char* name_of(CurveId curve) { return std::ranges::find(kNames, curve, &Name::id)->text; }

const char* name_of(Digest digest) {
    switch (digest) {
        case Digest::sha256: return "SHA256";
        case Digest::sha384: return "SHA384";
        case Digest::sha512: return "SHA512";
        case Digest::none: break;
    }
    return nullptr;
}

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

NewPkey from_params(const char* type, std::span<OSSL_PARAM> params) {
    const PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* pkey = nullptr;
    if (!ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
        EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.data()) != 1)
        return nullptr;
    return NewPkey(pkey);
}

/// OpenSSL's parameters are in the byte order of the machine.
std::string native(std::string_view big_endian) {
    std::string number(big_endian);
    if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(number);
    return number;
}

}  // namespace

std::string library_version() { return std::string("OpenSSL ") + OpenSSL_version(OPENSSL_VERSION_STRING); }

namespace library {

const bool kRepeatedChecksAreForkSafe = false;

void FreeMd::operator()(const EVP_MD* md) const noexcept {
    EVP_MD_free(const_cast<EVP_MD*>(md));  // NOLINT(cppcoreguidelines-pro-type-const-cast): fetched, so ours
}

NewPkey make_rsa(std::string_view modulus, std::string_view exponent) {
    std::string n = native(modulus), e = native(exponent);
    std::array params{OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, bytes(n), n.size()),
                      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, bytes(e), e.size()), OSSL_PARAM_construct_end()};
    return from_params("RSA", params);
}

NewPkey make_ec(CurveId curve, std::string_view point) {
    std::string group(name_of(curve)), encoded(point);
    std::array params{OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
                      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
                      OSSL_PARAM_construct_end()};
    return from_params("EC", params);
}

NewPkey make_okp(CurveId curve, std::string_view raw) {
    return NewPkey(EVP_PKEY_new_raw_public_key_ex(nullptr, name_of(curve), nullptr,
                                                  reinterpret_cast<const unsigned char*>(raw.data()), raw.size()));
}

KeyKind kind_of(const EVP_PKEY& pkey) {
    if (EVP_PKEY_is_a(&pkey, "RSA") == 1) return {KeyType::rsa};
    std::array<char, 64> group{};
    const bool ec = EVP_PKEY_is_a(&pkey, "EC") == 1;
    if (ec && EVP_PKEY_get_group_name(&pkey, group.data(), group.size(), nullptr) != 1) return {KeyType::ec};
    for (const Name& name : kNames) {
        const bool same = name.type == KeyType::ec ? ec && std::strcmp(group.data(), name.text) == 0
                                                   : EVP_PKEY_is_a(&pkey, name.text) == 1;
        if (same) return {name.type, name.id};
    }
    return {ec ? KeyType::ec : KeyType::other};
}

std::optional<RsaNumbers> rsa_numbers(const EVP_PKEY& pkey) {
    if (EVP_PKEY_is_a(&pkey, "RSA") != 1) return std::nullopt;
    // A buffer of the right size, as OpenSSL fills it completely. An exponent that does not fit is refused.
    RsaNumbers numbers{std::string((static_cast<std::size_t>(EVP_PKEY_get_bits(&pkey)) + 7) / 8, '\0'), 0};
    std::array params{OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, bytes(numbers.modulus), numbers.modulus.size()),
                      OSSL_PARAM_construct_uint64(OSSL_PKEY_PARAM_RSA_E, &numbers.exponent),
                      OSSL_PARAM_construct_end()};
    if (EVP_PKEY_get_params(&pkey, params.data()) != 1) return std::nullopt;
    numbers.modulus = native(numbers.modulus);
    return numbers;
}

bool is_at_infinity(const EVP_PKEY& pkey) {
    std::size_t size = 0;
    return EVP_PKEY_get_octet_string_param(&pkey, OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0, &size) != 1 || size <= 1;
}

bool are_same(const EVP_PKEY& one, const EVP_PKEY& other) { return EVP_PKEY_eq(&one, &other) == 1; }

Md digest(Digest id) { return Md(EVP_MD_fetch(nullptr, name_of(id), nullptr)); }

void end_thread() {
    OPENSSL_thread_stop();  // here, because OpenSSL's own call at the thread's end is in no section
}

}  // namespace library
}  // namespace authjwks::crypto
