// A cache of accepted tokens with their claims: the signature of a token that is found here is not checked again.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fork_guard.hpp"
#include "engine/claim_check.hpp"
#include "jose/claims.hpp"

namespace authjwks {

/// Claims in a form that the host can make its own of. Immutable.
class CachedClaims {
  public:
    CachedClaims() = default;
    CachedClaims(const CachedClaims&) = delete;
    CachedClaims& operator=(const CachedClaims&) = delete;
    virtual ~CachedClaims() = default;

    /// An upper bound of the memory that they take.
    virtual std::size_t bytes() const noexcept = 0;
};

constexpr std::size_t kCacheLine = 64;  // of the processors that matter here

/// A token that was accepted, and the conditions on which it is accepted again. On cache lines of its own, as each use
/// of it counts references: threads that use different tokens must not slow each other down.
struct alignas(kCacheLine) CachedToken {
    std::string token;
    Validity validity;
    std::uint64_t key_set;  ///< KeySet::id() of the keys that proved it
    std::string issuer;     ///< whose keys those are, where there are several issuers; else empty
    std::unique_ptr<const CachedCheckedClaims> checked;  ///< for claim checks; null where there are none
    std::unique_ptr<const CachedClaims> claims;
};

/// Bounded, and for one policy only: each verifier has its own. Thread-safe. Claims are destroyed on the threads of its
/// callers, without a lock held.
class TokenCache : public ForkAware {
  public:
    struct Limits {
        std::size_t bytes, entries;
    };
    struct Report {
        std::uint64_t hits = 0, misses = 0, evictions = 0;
        std::size_t entries = 0, bytes = 0;
    };

    explicit TokenCache(const Limits& limits);
    ~TokenCache() override;
    TokenCache(const TokenCache&) = delete;
    TokenCache& operator=(const TokenCache&) = delete;

    /// The entry of exactly this token, if there is one, which counts as a hit. The caller checks whether it is still
    /// valid.
    std::shared_ptr<const CachedToken> find(std::string_view token);
    /// Counts the last hit as a miss: the entry was not valid, so that the signature had to be checked all the same.
    void count_as_miss() noexcept { invalid_.fetch_add(1, std::memory_order_relaxed); }
    /// Stores a token, and removes the least recently used ones to stay within the limits.
    void store(CachedToken token);

    /// Removes a token that will never be accepted again.
    void remove(std::string_view token);

    Report report() const;

  private:
    static constexpr std::size_t kHashed = 64;  // characters
    static constexpr std::size_t kMaxShards = 16;
    struct Entry {
        std::uint64_t hash;
        std::size_t bytes;
        std::uint64_t moved_at;  // Shard::moves when it was put to the front
        std::shared_ptr<const CachedToken> token;
    };
    using Entries = std::list<Entry>;  // the most recently used first, but for those that were so a moment ago
    /// Also on cache lines of its own; a hit on an entry near the front changes the first of them alone.
    struct alignas(kCacheLine) Shard {
        mutable std::mutex mutex;  // guards all below
        std::uint64_t hits = 0, misses = 0, moves = 0;
        Entries entries;
        std::unordered_map<std::uint64_t, Entries::iterator> by_hash;
        std::size_t bytes = 0;
        std::uint64_t evictions = 0;

        /// The entry of exactly this token, or the end of all entries.
        Entries::iterator look_up(std::uint64_t hash, std::string_view token);
        void use(Entries::iterator entry);
        void move_out(Entries::iterator entry, Entries& into);
    };

    static std::size_t bytes_of(const CachedToken& token);
    std::uint64_t hash(std::string_view token) const;
    Shard& shard_of(std::uint64_t hash) { return shards_[hash % shards_.size()]; }
    void before_fork() override;
    void after_fork_in_parent() override;
    void after_fork_in_child() override { after_fork_in_parent(); }

    std::array<std::uint64_t, kHashed / 8> secret_{};
    std::vector<Shard> shards_;
    Limits limits_;  // of one shard
    std::atomic<std::uint64_t> invalid_{0}, too_short_{0};
};

}  // namespace authjwks
