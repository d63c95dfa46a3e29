// The claims of a proven token held against a policy at one instant (RFC 7519 §4.1, §7.2). Pure: the time is an
// argument.
#pragma once

#include <chrono>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/policy.hpp"

namespace authjwks {

/// Seconds since the epoch, as NumericDate counts them (RFC 7519 §2).
using Instant = std::chrono::time_point<std::chrono::system_clock, Seconds>;

/// When claims that satisfy a policy in all else may be accepted, its leeway included.
struct Validity {
    Instant from;   ///< the later of `nbf` and `iat`
    Instant until;  ///< `exp`, which itself is too late (RFC 7519 §4.1.4: "on or after")

    bool holds(Instant now) const noexcept { return from <= now && now < until; }
};

/// @return how long the claims satisfy the policy, when they do at `now`; else the first reason against them: a
///         registered claim of the wrong type, a foreign issuer or audience, a required claim that is missing, then the
///         times. `expired` comes last, so that it tells a client that a newer token would be accepted.
Result<Validity> check_claims(json::Object claims, const Policy& policy, Instant now);

}  // namespace authjwks
