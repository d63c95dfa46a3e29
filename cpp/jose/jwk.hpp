// One member of a JWK set (RFC 7517 §4), converted to public keys, or to the reason why it is skipped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/key.hpp"

namespace authjwks {

/// A key for checking signatures, with the name that its issuer gave it.
struct Jwk {
    std::optional<std::string> key_id;
    std::vector<PublicKey> keys;  ///< the same material, once for each of its algorithms; never empty
};

/// Reads one member of a key set. `alg`, `use`, `key_ops`, `kty` and `crv` must all agree (RFC 8725 §3.1); without
/// `alg` the key is used for every algorithm of its type and curve. Other members are ignored.
Result<Jwk, KeyFault> parse_jwk(json::Value value);

/// `material` bound to each algorithm that it can be used for.
std::vector<PublicKey> bind_to_all(const KeyMaterial& material);

}  // namespace authjwks
