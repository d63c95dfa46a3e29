// Joins judgement and keys: judges a token with the keys at hand, and asks for newer ones once when its key is unknown.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "engine/issuer_registry.hpp"
#include "engine/token_cache.hpp"
#include "jose/policy.hpp"
#include "jose/scratch.hpp"
#include "jose/token.hpp"
#include "jose/verify.hpp"
#include "keys/key_source.hpp"

namespace authjwks {

/// What came of one token.
struct Verdict {
    OrPending<Accepted> outcome;        ///< Pending when the source's answer has to be waited for
    std::shared_ptr<KeySource> source;  ///< whose keys were used or missed; null when it did not come to that
    Snapshot keys;                      ///< that judged it; null when none did
    Clock::duration retry_after{};      ///< of keys_unavailable
};

/// A token that was judged before, and would be judged no other way now.
struct Recalled {
    std::shared_ptr<const CachedToken> token;
    std::shared_ptr<KeySource> source;
};

/// Immutable but for the keys; safe from many threads, each with a Scratch of its own.
class Authenticator {
  public:
    /// Judges all tokens by the keys of one source.
    Authenticator(std::shared_ptr<KeySource> source, Policy policy, std::unique_ptr<TokenCache> cache)
        : keys_(std::move(source)), policy_(std::move(policy)), cache_(std::move(cache)) {}
    /// Judges each token by the keys of the issuer it names, if the registry trusts it.
    Authenticator(std::shared_ptr<IssuerRegistry> registry, Policy policy, std::unique_ptr<TokenCache> cache)
        : keys_(std::move(registry)), policy_(std::move(policy)), cache_(std::move(cache)) {}

    /// What is remembered of a token that passed before, if it would pass at `now` too: it is in time, and the keys
    /// that proved it are those at hand. Takes no time worth mentioning, and never waits.
    std::optional<Recalled> recall(std::string_view token, Instant now) const;
    /// Remembers a token that has passed, where there is a cache.
    void remember(std::string_view token, const Verdict& passed, std::unique_ptr<const CachedClaims> claims) const;
    /// Null for one without a cache.
    const TokenCache* cache() const noexcept { return cache_.get(); }

    /// Judges a token at `now`.
    Verdict authenticate(std::string_view token, Scratch& scratch, Instant now, WaitPolicy wait) const;

  private:
    Verdict refused_without_source(Errc code, ParsedToken& token) const;
    Result<std::shared_ptr<KeySource>> source_for(ParsedToken& token) const;
    Result<std::shared_ptr<KeySource>> source_of(const CachedToken& token) const;

    std::variant<std::shared_ptr<KeySource>, std::shared_ptr<IssuerRegistry>> keys_;
    Policy policy_;
    std::unique_ptr<TokenCache> cache_;  // may be null
};

}  // namespace authjwks
