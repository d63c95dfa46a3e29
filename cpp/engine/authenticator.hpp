// Joins judgement and keys: judges a token with the keys at hand, and asks for newer ones once when its key is unknown.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "base/json.hpp"
#include "base/result.hpp"
#include "engine/issuer_directory.hpp"
#include "jose/claims.hpp"
#include "jose/policy.hpp"
#include "jose/scratch.hpp"
#include "jose/token.hpp"
#include "keys/key_source.hpp"

namespace authjwks {

/// What came of one token.
struct Verdict {
    /// The claims, which live in the Scratch; or Later, when the source's answer has to be waited for.
    OrLater<json::Object> outcome;
    std::shared_ptr<KeySource> source;  ///< whose keys were used or missed; null when it did not come to that
};

/// Immutable but for the keys; safe from many threads, each with a Scratch of its own.
class Authenticator {
  public:
    /// Judges all tokens by the keys of one source.
    Authenticator(std::shared_ptr<KeySource> source, Policy policy)
        : keys_(std::move(source)), policy_(std::move(policy)) {}
    /// Judges each token by the keys of the issuer it names, if the directory trusts it.
    Authenticator(std::shared_ptr<IssuerDirectory> directory, Policy policy)
        : keys_(std::move(directory)), policy_(std::move(policy)) {}

    /// Judges a token at `now`.
    Verdict authenticate(std::string_view token, Scratch& scratch, Instant now, Patience patience) const;

  private:
    Result<std::shared_ptr<KeySource>> source_for(ParsedToken& token) const;

    std::variant<std::shared_ptr<KeySource>, std::shared_ptr<IssuerDirectory>> keys_;
    Policy policy_;
};

}  // namespace authjwks
