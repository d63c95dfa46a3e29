#include "jose/key.hpp"

#include "base/serial.hpp"
#include "jose/signature_check.hpp"

namespace authjwks {

Result<PublicKey, KeyFault> PublicKey::bind(const KeyMaterial& material, const Algorithm& algorithm) {
    if (!fits(algorithm, material.type(), material.curve())) return KeyFault::unsupported_alg;
    return PublicKey(next_serial(), material.share(), algorithm, material.signature_bytes());
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
    if (signature.size() != signature_bytes_) return false;
    const ossl::ForkSafeSection section;
    auto* const check = SignatureCheck::of_this_thread(id_, pkey_.get(), *algorithm_);
    return check != nullptr && check->holds(message, signature);
}

bool PublicKey::is_same_as(const PublicKey& other) const {
    if (algorithm_ != other.algorithm_) return false;
    const ossl::ForkSafeSection section;
    return EVP_PKEY_eq(pkey_.get(), other.pkey_.get()) == 1;
}

}  // namespace authjwks
