// The claims of a proven token held against a policy at one instant (RFC 7519 §4.1, §7.2). Pure: the time is an
// argument.
#pragma once

#include <chrono>
#include <optional>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/policy.hpp"

namespace authjwks {

/// Seconds since the epoch, as NumericDate counts them (RFC 7519 §2).
using Instant = std::chrono::time_point<std::chrono::system_clock, Seconds>;

/// When claims may be accepted, apart from all else.
struct Validity {
    Instant from, until;  ///< `until` itself is too late

    bool holds(Instant now) const noexcept { return from <= now && now < until; }
};

/// The span in which refuse_claims() has nothing against the times of claims that it has nothing else against.
Validity validity_of(json::Object claims, Seconds leeway);

/// @return nothing when the claims satisfy the policy at `now`, else the first reason against them: a registered claim
///         of the wrong type, a foreign issuer or audience, a required claim that is missing, then the times. `expired`
///         comes last, so that it tells a client that a newer token would be accepted.
std::optional<Errc> refuse_claims(json::Object claims, const Policy& policy, Instant now);

}  // namespace authjwks
