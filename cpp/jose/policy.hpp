// What a service requires of tokens, validated once.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jose/algorithm.hpp"

namespace authjwks {

using Seconds = std::chrono::duration<double>;

inline constexpr Seconds kMaxLeeway{300};
inline constexpr std::size_t kMaxTokenBytes = std::size_t{1} << 20;

/// Options of the user. A missing list, unlike an empty one, waives its check.
struct PolicyOptions {
    std::optional<std::vector<std::string>> issuers, audiences;
    /// Media types of the header's `typ` (RFC 7515 §4.1.9), "" for a token without one.
    std::optional<std::vector<std::string>> token_types;
    std::vector<std::string> algorithms;
    std::vector<std::string> required_claims;
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

    bool accepts_any_issuer() const noexcept { return !options_.issuers; }
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
