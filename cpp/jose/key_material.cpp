#include "jose/key_material.hpp"

#include <algorithm>
#include <utility>

#include "jose/key_strength.hpp"

namespace authjwks {
namespace {

bool is_strong_rsa(const crypto::Key& key) {
    const auto numbers = key.rsa_numbers();
    return numbers && rsa_is_strong(numbers->modulus, numbers->exponent);
}

bool is_of_small_order(const crypto::Key& key, const Curve& curve) {
    const auto bytes = key.okp_bytes();
    return !bytes || has_small_order(*bytes, curve);
}

}  // namespace

Result<KeyMaterial, KeyFault> KeyMaterial::check(crypto::Key key) {
    const auto [type, curve_id] = key.kind();
    if (type == KeyType::other) return KeyFault::unsupported_kty;
    if (type == KeyType::rsa) {
        if (!is_strong_rsa(key)) return KeyFault::weak_key;
        return KeyMaterial(std::move(key), type, nullptr);
    }
    if (curve_id == CurveId::none) return KeyFault::unsupported_crv;
    const Curve& curve = *std::ranges::find(kCurves, curve_id, &Curve::id);
    if (type == KeyType::ec && key.is_at_infinity()) return KeyFault::invalid_point;
    if (type == KeyType::okp && is_of_small_order(key, curve)) return KeyFault::weak_key;
    return KeyMaterial(std::move(key), type, &curve);
}

std::size_t KeyMaterial::signature_bytes() const {
    return curve_ != nullptr ? curve_->signature_bytes : key_.signature_bytes();
}

}  // namespace authjwks
