// Verifies tokens: looks them up in the cache, judges them by the keys at hand, asks for newer keys once when the key
// is unknown, and stores those that pass.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "base/refusal.hpp"
#include "base/result.hpp"
#include "engine/claim_check.hpp"
#include "engine/host.hpp"
#include "engine/issuer_registry.hpp"
#include "engine/source_handle.hpp"
#include "engine/token_cache.hpp"
#include "jose/policy.hpp"
#include "jose/scratch.hpp"
#include "jose/token.hpp"
#include "jose/verify.hpp"

namespace authjwks {

/// The result for one token.
struct Verdict {
    enum class Kind : std::uint8_t {
        accepted,   ///< its claims have been delivered to the host
        refused,    ///< for the reason in `refusal`
        pending,    ///< the issuer has to respond first: `source` can be waited for
        abandoned,  ///< the host no longer wanted it
    };
    Kind kind = Kind::accepted;
    Errc refusal{};
    std::string_view claim{};       ///< of refused: see Refusal; valid while the authenticator lives
    bool is_conclusive = false;     ///< of pending: see Pending
    bool is_from_cache = false;     ///< of accepted and refused
    Clock::duration retry_after{};  ///< of a refusal because keys are unavailable
    SourceHandle source{};          ///< whose keys were used or missing; none when none were looked for
};

/// Immutable but for its keys and its cache. Thread-safe.
class Authenticator {
  public:
    /// One source for all tokens, or the source of the issuer that a token names, if the registry trusts it.
    using Keys = std::variant<std::shared_ptr<KeySource>, std::shared_ptr<IssuerRegistry>>;

    /// @param cache  may be null. @param checks  asked after every verdict that would accept.
    Authenticator(Keys keys, Policy policy, std::unique_ptr<TokenCache> cache, ClaimChecks checks = {})
        : keys_(std::move(keys)), policy_(std::move(policy)), cache_(std::move(cache)), checks_(std::move(checks)) {}

    /// The verdict on a token at `now`. The claims of one that is accepted are delivered to `host`. What a cache hit
    /// needs is done at once; all else runs by Host::run_unlocked().
    Verdict verify(std::string_view token, Instant now, WaitPolicy wait, Host& host) const;

    /// Null for one without a cache.
    const TokenCache* cache() const noexcept { return cache_.get(); }

  private:
    /// What an accepted token is stored with.
    struct Proof {
        Accepted accepted{};
        std::uint64_t key_set = 0;
    };

    bool look_up(std::string_view token, Instant now, Host& host, Verdict& verdict) const;
    void store(std::string_view token, const Proof& proof, std::unique_ptr<const CachedClaims> claims) const;
    Verdict judge_now(std::string_view token, Scratch& scratch, Instant now, WaitPolicy wait, Proof& proof) const;
    Verdict judge_by_keys_of(const SourceHandle& source, const Obtained& obtained, const ParsedToken& token,
                             Instant now, WaitPolicy wait, Proof& proof) const;
    Verdict judge_by(const Snapshot& keys, const Result<Accepted, Refusal>& result, SourceHandle source, Instant now,
                     Proof& proof) const;
    Verdict refused_without_source(Refusal refusal, ParsedToken& token) const;
    Result<SourceHandle, Refusal> source_for(ParsedToken& token) const;
    SourceHandle source_of(const CachedToken& token) const;
    std::optional<Errc> refused_by_check(const CheckedClaims& claims, Instant now) const;

    Keys keys_;
    Policy policy_;
    std::unique_ptr<TokenCache> cache_;  // may be null
    ClaimChecks checks_;
};

}  // namespace authjwks
