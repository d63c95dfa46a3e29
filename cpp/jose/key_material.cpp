#include "jose/key_material.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "jose/key_strength.hpp"

namespace authjwks {
namespace {

const Curve* curve_of(const EVP_PKEY* pkey) {
    std::array<char, 64> group{};
    const bool ec =
        EVP_PKEY_is_a(pkey, "EC") == 1 && EVP_PKEY_get_group_name(pkey, group.data(), group.size(), nullptr) == 1;
    for (const Curve& curve : kCurves) {
        const bool same = curve.key_type == KeyType::ec ? ec && std::strcmp(group.data(), curve.openssl_name) == 0
                                                        : EVP_PKEY_is_a(pkey, curve.openssl_name) == 1;
        if (same) return &curve;
    }
    return nullptr;
}

/// The point at infinity, encoded as one byte (SEC 1 §2.3.3).
bool is_at_infinity(const EVP_PKEY* pkey) {
    std::size_t size = 0;
    return EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0, &size) != 1 || size <= 1;
}

}  // namespace

Result<KeyMaterial, KeyFault> KeyMaterial::check(ossl::Pkey pkey) {
    const ossl::ForkSafeSection section;
    if (EVP_PKEY_is_a(pkey.get(), "RSA") == 1) {
        if (!rsa_is_strong(pkey.get())) return KeyFault::weak_key;
        return KeyMaterial(std::move(pkey), KeyType::rsa, nullptr);
    }
    const Curve* curve = curve_of(pkey.get());
    if (curve == nullptr)
        return EVP_PKEY_is_a(pkey.get(), "EC") == 1 ? KeyFault::unsupported_crv : KeyFault::unsupported_kty;
    if (curve->key_type == KeyType::ec && is_at_infinity(pkey.get())) return KeyFault::invalid_point;
    if (curve->key_type == KeyType::okp && has_small_order(pkey.get(), *curve)) return KeyFault::weak_key;
    return KeyMaterial(std::move(pkey), curve->key_type, curve);
}

std::size_t KeyMaterial::signature_bytes() const {
    return curve_ != nullptr ? curve_->signature_bytes : static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get()));
}

}  // namespace authjwks
