// Checks that every accepted token has to pass each time it is presented, whether its signature was checked now or
// before: whether it was revoked, for example.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/claims.hpp"

namespace authjwks {

/// The claims that a check sees. Nothing for a claim that the token lacks or that is of another type.
struct CheckedClaims {
    std::optional<std::string_view> issuer, jwt_id, subject, tenant;  ///< `iss`, `jti`, `sub`, `tid`
    std::optional<Instant> issued_at;                                 ///< `iat`

    /// Views into the document of `claims`.
    static CheckedClaims of(json::Object claims);
};

/// Thread-safe. As fast as a cache hit: it is called on the thread of the caller, with the host's locks held.
class ClaimCheck {
  public:
    ClaimCheck() = default;
    ClaimCheck(const ClaimCheck&) = delete;
    ClaimCheck& operator=(const ClaimCheck&) = delete;
    virtual ~ClaimCheck() = default;

    /// @return why the token is refused, such as Errc::revoked; nothing when it passes.
    virtual std::optional<Errc> refuse(const CheckedClaims& claims, Instant now) const = 0;
};

/// Checks in the order in which they are made: the first that refuses decides.
using ClaimChecks = std::vector<std::shared_ptr<const ClaimCheck>>;

/// A copy of what checks see, for a token that is cached.
class CachedCheckedClaims {
  public:
    explicit CachedCheckedClaims(const CheckedClaims& claims);

    const CheckedClaims& view() const noexcept { return claims_; }
    /// An upper bound of the memory that it takes.
    std::size_t bytes() const noexcept;

  private:
    std::unique_ptr<char[]> text_;
    std::size_t size_;
    CheckedClaims claims_;  // views into text_
};

}  // namespace authjwks
