// Joins judgement and keys: judges a token with the keys at hand, and asks for newer ones once when its key is unknown.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "jose/claims.hpp"
#include "jose/policy.hpp"
#include "jose/scratch.hpp"
#include "keys/key_source.hpp"

namespace authjwks {

/// Immutable; safe from many threads, each with a Scratch of its own.
class Authenticator {
  public:
    Authenticator(std::shared_ptr<KeySource> source, Policy policy)
        : source_(std::move(source)), policy_(std::move(policy)) {}

    /// The claims of a token that passes every check at `now`; they live in `scratch`. May wait for keys.
    Result<json::Object> authenticate(std::string_view token, Scratch& scratch, Instant now) const;

    /// The same without ever waiting: nothing where a verdict would need an answer from the issuer.
    std::optional<Result<json::Object>> authenticate_warm(std::string_view token, Scratch& scratch, Instant now) const;

    const KeySource& source() const noexcept { return *source_; }

  private:
    std::shared_ptr<KeySource> source_;
    Policy policy_;
};

}  // namespace authjwks
