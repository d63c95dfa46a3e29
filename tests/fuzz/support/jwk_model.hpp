// What a JWK must at least be before a token may be checked with it, by a reading of our own.
#pragma once

#include <string_view>

#include "support/json_model.hpp"

namespace authjwks::fuzz {

/// Whether `jwk` is a public key for checking signatures by the algorithm `alg`, as RFC 7517 and 7518 have it: all of
/// kty, crv, use, key_ops and alg agree, nothing private, RSA of 2048 to 8192 bits, EC on its curve. A member that is
/// null counts as absent.
bool may_verify(const JsonModel& jwk, std::string_view alg);

}  // namespace authjwks::fuzz
