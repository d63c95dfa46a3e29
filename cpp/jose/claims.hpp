// Checks the claims of a verified token against a policy at one instant (RFC 7519 §4.1, §7.2). Pure: the time is an
// argument.
#pragma once

#include <chrono>

#include "base/json.hpp"
#include "base/refusal.hpp"
#include "base/result.hpp"
#include "jose/policy.hpp"

namespace authjwks {

/// Seconds since the epoch, as NumericDate counts them (RFC 7519 §2).
using Instant = std::chrono::time_point<std::chrono::system_clock, Seconds>;

/// The time in which claims that satisfy a policy otherwise are accepted, leeway included.
struct Validity {
    Instant from;   ///< the later of `nbf` and `iat`
    Instant until;  ///< `exp`, exclusive (RFC 7519 §4.1.4: "on or after")

    bool holds(Instant now) const noexcept { return from <= now && now < until; }
};

/// @return when the claims are valid, if they are at `now`; otherwise the first of these reasons: a registered claim of
/// the wrong type, a wrong issuer or audience, an ID token, a bound token, a missing required claim, a claim without an
/// expected value, then the times. `expired` is checked last, so that a client knows that a newer token would be
/// accepted.
Result<Validity, Refusal> check_claims(json::Object claims, const Policy& policy, Instant now);

}  // namespace authjwks
