#include "jose/jwk.hpp"

#include <algorithm>
#include <utility>

#include "base/base64url.hpp"
#include "crypto/fork_safe_section.hpp"
#include "jose/jwk_members.hpp"
#include "jose/key_strength.hpp"

namespace authjwks {
namespace {

using Built = Result<crypto::Key, KeyFault>;

/// Key material comes from a trusted issuer, so two deviations from RFC 7518 §2 that occur are accepted: the standard
/// alphabet, and padding.
std::optional<std::string> decode(const std::optional<std::string_view>& text) {
    if (!text || text->empty()) return std::nullopt;
    std::string safe(text->substr(0, text->find_last_not_of('=') + 1));
    std::ranges::replace(safe, '+', '-');
    std::ranges::replace(safe, '/', '_');
    return base64url::decode(safe);
}

Built built(std::optional<crypto::Key> key, KeyFault otherwise) {
    if (!key) return otherwise;
    return *std::move(key);
}

Built rsa_key(const JwkMembers& members) {
    // The size is checked before any arithmetic. One more byte is allowed for the sign byte that some issuers keep.
    constexpr std::size_t max_bytes = kMaxRsaBits / 8 + 1;
    const auto modulus = decode(members[JwkMembers::n]), exponent = decode(members[JwkMembers::e]);
    if (!modulus || !exponent) return KeyFault::bad_encoding;
    if (modulus->size() > max_bytes || exponent->size() > max_bytes) return KeyFault::weak_key;
    return built(crypto::Key::rsa(*modulus, *exponent), KeyFault::weak_key);
}

Built ec_key(const JwkMembers& members, const Curve& curve) {
    const auto x = decode(members[JwkMembers::x]), y = decode(members[JwkMembers::y]);
    // RFC 7518 §6.2.1.2: each coordinate has its full size, with leading zeros.
    if (!x || !y || x->size() != curve.field_bytes || y->size() != curve.field_bytes) return KeyFault::bad_encoding;
    return built(crypto::Key::ec(curve.id, *x, *y), KeyFault::invalid_point);
}

Built okp_key(const JwkMembers& members, const Curve& curve) {
    const auto x = decode(members[JwkMembers::x]);
    if (!x || x->size() != curve.field_bytes) return KeyFault::bad_encoding;
    return built(crypto::Key::okp(curve.id, *x), KeyFault::invalid_point);
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
    const crypto::ForkSafeSection section;  // one for all of its steps
    const auto members = JwkMembers::read(value);
    if (!members) return members.error();
    if ((*members)[JwkMembers::d]) return KeyFault::private_key;
    if (!members->allow_verifying()) return KeyFault::not_for_signatures;
    auto key = key_of(*members);
    if (!key) return key.error();
    const auto material = KeyMaterial::check(*std::move(key));
    if (!material) return material.error();
    auto keys = bind(*material, (*members)[JwkMembers::alg]);
    if (!keys) return keys.error();
    const auto& key_id = (*members)[JwkMembers::kid];
    return Jwk{key_id ? std::optional<std::string>(*key_id) : std::nullopt, *std::move(keys)};
}

}  // namespace authjwks
