// An issuer's side of things: private keys of every kind, what they sign, and their public halves as JWK and PEM.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <openssl/rsa.h>

#include "crypto/handles.hpp"
#include "crypto/key.hpp"
#include "jose/algorithm.hpp"
#include "support/members.hpp"

namespace authjwks::support {

/// Every function throws std::runtime_error when the library fails.
class KeyPair {
  public:
    /// A new key. @param kind  "RSA" (2048 bits) or the name of a row of kCurves.
    static KeyPair generate(std::string_view kind);
    /// The one key of its kind that the tests of a process share, for RSA keys are slow to make.
    static const KeyPair& of(std::string_view kind);
    /// The shared key that can serve the algorithm; for EdDSA the one on Ed25519.
    static const KeyPair& serving(const Algorithm& algorithm);

    /// The argument of generate().
    const std::string& kind() const noexcept { return kind_; }

    /// The raw JWS signature (RFC 7518 §3). @param pss_salt  in bytes, for the PS algorithms.
    std::string sign(const Algorithm& algorithm, std::string_view message, int pss_salt = RSA_PSS_SALTLEN_DIGEST) const;
    /// The signature as OpenSSL writes it: for ECDSA that is DER.
    std::string sign_natively(const Algorithm& algorithm, std::string_view message,
                              int pss_salt = RSA_PSS_SALTLEN_DIGEST) const;
    /// A compact JWS of these JSON texts.
    std::string token(const Algorithm& algorithm, std::string_view header, std::string_view payload) const;

    /// The public half: kty and its key material, nothing else.
    Members jwk() const;
    /// The same, under a name.
    Members jwk(std::string_view key_id) const;
    std::string public_pem() const;
    std::string private_pem() const;
    /// The public half alone.
    crypto::Key public_key() const;

  private:
    KeyPair(crypto::Pkey pkey, std::string_view kind) : pkey_(std::move(pkey)), kind_(kind) {}

    crypto::Pkey pkey_;
    std::string kind_;
};

/// The row of this name, which must exist.
const Algorithm& algorithm(std::string_view name);

/// The arguments that KeyPair::of() takes in this build: "RSA", and the names of kCurves.
std::vector<std::string_view> kinds_of_keys();

/// Big-endian bytes, without leading zeros.
std::string bytes_of(const BIGNUM& number);

}  // namespace authjwks::support
