// A public key that is bound to one algorithm, which rules out algorithm confusion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "crypto/key.hpp"
#include "jose/algorithm.hpp"
#include "jose/key_material.hpp"

namespace authjwks {

class PublicKey {
  public:
    /// Binds `material` to one algorithm, so that no token can choose another (RFC 8725 §3.1). @param algorithm a row
    /// of kAlgorithms. @return unsupported_alg when type or curve disagree with it.
    static Result<PublicKey, KeyFault> bind(const KeyMaterial& material, const Algorithm& algorithm);

    /// True when `signature` (raw JWS bytes, RFC 7518 §3) is this key's over `message`. Thread-safe.
    bool verifies(std::string_view message, std::string_view signature) const;

    /// Whether `other` is the same key for the same algorithm.
    bool is_same_as(const PublicKey& other) const;

    const Algorithm& algorithm() const noexcept { return *algorithm_; }

  private:
    PublicKey(std::uint64_t id, crypto::Key key, const Algorithm& algorithm, std::size_t signature_bytes)
        : id_(id), key_(std::move(key)), algorithm_(&algorithm), signature_bytes_(signature_bytes) {}

    std::uint64_t id_;  // unique in the process
    crypto::Key key_;
    const Algorithm* algorithm_;
    std::size_t signature_bytes_;
};

}  // namespace authjwks
