// Public key material that passed all checks, not yet bound to an algorithm.
#pragma once

#include "base/result.hpp"
#include "crypto/key.hpp"
#include "jose/algorithm.hpp"
#include "jose/key_fault.hpp"

namespace authjwks {

class KeyMaterial {
  public:
    /// Checks `key` and takes ownership. @return unsupported_kty or unsupported_crv for a kind of key that no row of
    /// kAlgorithms uses; invalid_point for the point at infinity; weak_key for RSA that rsa_is_strong() refuses and
    /// Edwards points of small order.
    static Result<KeyMaterial, KeyFault> check(crypto::Key key);

    KeyType type() const noexcept { return type_; }
    /// Null for RSA.
    const Curve* curve() const noexcept { return curve_; }
    /// Another owner of the same key.
    crypto::Key share() const { return key_.share(); }
    /// The length of signatures by this key, in bytes, as encoded in JWS.
    std::size_t signature_bytes() const;

  private:
    KeyMaterial(crypto::Key key, KeyType type, const Curve* curve) : key_(std::move(key)), type_(type), curve_(curve) {}

    crypto::Key key_;
    KeyType type_;
    const Curve* curve_;
};

}  // namespace authjwks
