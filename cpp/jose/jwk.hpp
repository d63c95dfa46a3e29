// One member of a JWK set (RFC 7517 §4), turned into the public keys it stands for or the reason why it is left out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/key.hpp"

namespace authjwks {

/// A key that may check signatures, under the name its issuer gave it.
struct Jwk {
    std::optional<std::string> key_id;
    std::vector<PublicKey> keys;  ///< the same material, once for each algorithm it may serve; never empty
};

/// Reads one member of a key set. `alg`, `use`, `key_ops`, `kty` and `crv` must all agree (RFC 8725 §3.1); without
/// `alg` the key serves every algorithm that its type and curve allow. Members that decide nothing here are ignored.
Result<Jwk, KeyFault> parse_jwk(json::Value value);

/// `material` bound to every algorithm it can serve.
std::vector<PublicKey> bind_to_all(const KeyMaterial& material);

}  // namespace authjwks
