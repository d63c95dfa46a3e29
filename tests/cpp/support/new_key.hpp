// New private keys, made in the one way that OpenSSL and AWS-LC share.
#pragma once

#include <string>

#include "crypto/handles.hpp"
#include "crypto/key.hpp"

namespace authjwks::support {

/// Each returns null for what the library has not got.
crypto::Pkey new_rsa_key(int bits);
/// @param curve  a NID, such as NID_secp256k1.
crypto::Pkey new_ec_key(int curve);
/// @param type  one that needs no parameters, such as EVP_PKEY_ED25519.
crypto::Pkey new_key(int type);

/// The public half of a key as DER (RFC 5280 §4.1.2.7). @throws std::runtime_error
std::string public_der(const EVP_PKEY* pkey);
/// The public key in DER; null for what the library cannot read.
crypto::Pkey public_key_of(std::string_view der);

}  // namespace authjwks::support
