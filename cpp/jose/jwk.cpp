#include "jose/jwk.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <utility>

#include "base/base64url.hpp"
#include "jose/jwk_members.hpp"
#include "jose/key_strength.hpp"

namespace authjwks {
namespace {

using Built = Result<ossl::Pkey, KeyFault>;

/// Key material comes from a trusted issuer, so two deviations from RFC 7518 §2 that occur are accepted: the standard
/// alphabet, and padding.
std::optional<std::string> decode(const std::optional<std::string_view>& text) {
    if (!text || text->empty()) return std::nullopt;
    std::string safe(text->substr(0, text->find_last_not_of('=') + 1));
    std::ranges::replace(safe, '+', '-');
    std::ranges::replace(safe, '/', '_');
    return base64url::decode(safe);
}

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// The key that `params` describe, or `otherwise` when OpenSSL does not accept it.
Built build(const char* type, std::span<OSSL_PARAM> params, KeyFault otherwise) {
    const ossl::PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* pkey = nullptr;
    if (!ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
        EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.data()) != 1)
        return otherwise;
    return ossl::Pkey(pkey);
}

/// A number as a parameter, in the byte order of the machine. @param big_endian reversed in place where necessary.
OSSL_PARAM number(const char* name, std::string& big_endian) {
    if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(big_endian);
    return OSSL_PARAM_construct_BN(name, bytes(big_endian), big_endian.size());
}

Built rsa_key(const JwkMembers& members) {
    // The size is checked before any arithmetic. One more byte is allowed for the sign byte that some issuers keep.
    constexpr std::size_t max_bytes = kMaxRsaBits / 8 + 1;
    auto modulus = decode(members[JwkMembers::n]), exponent = decode(members[JwkMembers::e]);
    if (!modulus || !exponent) return KeyFault::bad_encoding;
    if (modulus->size() > max_bytes || exponent->size() > max_bytes) return KeyFault::weak_key;
    std::array params{number(OSSL_PKEY_PARAM_RSA_N, *modulus), number(OSSL_PKEY_PARAM_RSA_E, *exponent),
                      OSSL_PARAM_construct_end()};
    return build("RSA", params, KeyFault::weak_key);
}

Built ec_key(const JwkMembers& members, const Curve& curve) {
    const auto x = decode(members[JwkMembers::x]), y = decode(members[JwkMembers::y]);
    // RFC 7518 §6.2.1.2: each coordinate has its full size, with leading zeros.
    if (!x || !y || x->size() != curve.field_bytes || y->size() != curve.field_bytes) return KeyFault::bad_encoding;
    std::string group(curve.openssl_name), point = '\x04' + *x + *y;  // SEC 1 §2.3.3: not compressed
    std::array params{OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
                      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                      OSSL_PARAM_construct_end()};
    return build("EC", params, KeyFault::invalid_point);  // OpenSSL checks that the point is on the curve
}

Built okp_key(const JwkMembers& members, const Curve& curve) {
    auto x = decode(members[JwkMembers::x]);
    if (!x || x->size() != curve.field_bytes) return KeyFault::bad_encoding;
    ossl::Pkey pkey(EVP_PKEY_new_raw_public_key_ex(nullptr, curve.openssl_name, nullptr, bytes(*x), x->size()));
    if (!pkey) return KeyFault::invalid_point;
    return pkey;
}

Built key_of(const JwkMembers& members) {
    const auto& type = members[JwkMembers::kty];
    if (type == "RSA") return rsa_key(members);
    if (type != "EC" && type != "OKP") return KeyFault::unsupported_kty;
    const auto& name = members[JwkMembers::crv];
    const Curve* curve = name ? find_curve(*name) : nullptr;
    if (curve == nullptr || (curve->key_type == KeyType::ec) != (type == "EC")) return KeyFault::unsupported_crv;
    return curve->key_type == KeyType::ec ? ec_key(members, *curve) : okp_key(members, *curve);
}

Result<std::vector<PublicKey>, KeyFault> bind(const KeyMaterial& material, const std::optional<std::string_view>& alg) {
    if (!alg) return bind_to_all(material);
    const auto algorithm = find_algorithm(*alg);
    if (!algorithm) return KeyFault::unsupported_alg;
    auto key = PublicKey::bind(material, **algorithm);
    if (!key) return key.error();
    std::vector<PublicKey> keys;
    keys.push_back(*std::move(key));
    return keys;
}

}  // namespace

std::vector<PublicKey> bind_to_all(const KeyMaterial& material) {
    std::vector<PublicKey> keys;
    for (const Algorithm& algorithm : kAlgorithms)
        if (auto key = PublicKey::bind(material, algorithm)) keys.push_back(*std::move(key));
    return keys;
}

Result<Jwk, KeyFault> parse_jwk(json::Value value) {
    const ossl::ForkSafeSection section;
    const auto members = JwkMembers::read(value);
    if (!members) return members.error();
    if ((*members)[JwkMembers::d]) return KeyFault::private_key;
    if (!members->allow_verifying()) return KeyFault::not_for_signatures;
    auto pkey = key_of(*members);
    if (!pkey) return pkey.error();
    const auto material = KeyMaterial::check(*std::move(pkey));
    if (!material) return material.error();
    auto keys = bind(*material, (*members)[JwkMembers::alg]);
    if (!keys) return keys.error();
    const auto& key_id = (*members)[JwkMembers::kid];
    return Jwk{key_id ? std::optional<std::string>(*key_id) : std::nullopt, *std::move(keys)};
}

}  // namespace authjwks
