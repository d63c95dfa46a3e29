// What the host of the engine decides about an issuer that a token names.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace authjwks {

struct TrustDecision {
    enum class Kind : std::uint8_t {
        not_trusted,
        trusted,
        failed,  ///< no decision could be made
    };
    Kind kind = Kind::not_trusted;
    std::optional<std::string> jwks_uri{};  ///< of a trusted issuer; nothing: its keys are found by discovery
};

/// Decides on an issuer, any text that a token names. May take long; called from any thread, without a lock held.
using DecideTrust = std::function<TrustDecision(const std::string& issuer)>;

}  // namespace authjwks
