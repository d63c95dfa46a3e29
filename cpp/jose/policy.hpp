// What a service requires of tokens, validated once.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jose/algorithm.hpp"
#include "jose/expected_claim.hpp"
#include "jose/issuer_template.hpp"

namespace authjwks {

using Seconds = std::chrono::duration<double>;

inline constexpr Seconds kMaxLeeway{300};
inline constexpr std::size_t kMaxTokenBytes = std::size_t{1} << 20;

/// Options of the user. A missing list, unlike an empty one, waives its check.
struct PolicyOptions {
    std::optional<std::vector<std::string>> issuers;
    /// Accept more issuers than those that are named; with a template, a missing list of names waives nothing.
    std::vector<IssuerTemplate> issuer_templates{};
    std::optional<std::vector<std::string>> audiences;
    /// Media types of the header's `typ` (RFC 7515 §4.1.9), "" for a token without one.
    std::optional<std::vector<std::string>> token_types;
    std::vector<std::string> algorithms;
    std::vector<std::string> required_claims;
    std::vector<ExpectedClaim> expected_claims{};
    bool refuse_id_tokens = false;
    /// Whether a token with a `cnf` is accepted without proof of what it is bound to (RFC 7800 §3.1).
    bool accept_bound_tokens = false;
    Seconds leeway{30};
    std::size_t max_token_bytes = 16384;
};

class Policy {
  public:
    /// @throws std::invalid_argument naming the option that is empty, unknown or out of range.
    explicit Policy(PolicyOptions options);

    const AlgorithmSet& algorithms() const noexcept { return algorithms_; }
    std::size_t max_token_bytes() const noexcept { return options_.max_token_bytes; }
    Seconds leeway() const noexcept { return options_.leeway; }
    const std::vector<std::string>& required_claims() const noexcept { return options_.required_claims; }
    const std::vector<ExpectedClaim>& expected_claims() const noexcept { return options_.expected_claims; }
    bool refuses_id_tokens() const noexcept { return options_.refuse_id_tokens; }
    bool accepts_bound_tokens() const noexcept { return options_.accept_bound_tokens; }

    bool accepts_any_issuer() const noexcept { return !options_.issuers && options_.issuer_templates.empty(); }
    bool accepts_any_audience() const noexcept { return !options_.audiences; }
    bool accepts_issuer(std::string_view issuer) const;
    bool accepts_audience(std::string_view audience) const;
    /// Compares media types: case is ignored, and a leading "application/" may be left out (RFC 7515 §4.1.9).
    bool accepts_type(std::optional<std::string_view> type) const;

  private:
    PolicyOptions options_;
    AlgorithmSet algorithms_;
};

}  // namespace authjwks
