#include "jose/key.hpp"

#include "base/serial.hpp"
#include "crypto/signature_check.hpp"

namespace authjwks {

Result<PublicKey, KeyFault> PublicKey::bind(const KeyMaterial& material, const Algorithm& algorithm) {
    if (!fits(algorithm, material.type(), material.curve())) return KeyFault::unsupported_alg;
    return PublicKey(next_serial(), material.share(), algorithm, material.signature_bytes());
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
    return signature.size() == signature_bytes_ &&
           crypto::is_signed_by(key_, id_, algorithm_->family, algorithm_->digest, message, signature);
}

bool PublicKey::is_same_as(const PublicKey& other) const {
    return algorithm_ == other.algorithm_ && key_.is_same_as(other.key_);
}

}  // namespace authjwks
