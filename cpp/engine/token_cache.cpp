#include "engine/token_cache.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/allocation.hpp"
#include "crypto/random.hpp"

namespace authjwks {
namespace {

/// Smaller shards would evict entries while their neighbours have room.
constexpr std::size_t kLeastBytes = std::size_t{1} << 18, kLeastEntries = 64;

/// Combines both halves of the product, so that each input bit affects all of the result.
std::uint64_t mix(std::uint64_t one, std::uint64_t other) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(one) * other;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

}  // namespace

/// Includes the entry's nodes in the list and in the hash table, which may have twice as many buckets as entries.
std::size_t TokenCache::bytes_of(const CachedToken& token) {
    constexpr std::size_t pointer = sizeof(void*);
    constexpr std::size_t places = allocation_bytes(2 * pointer + sizeof(Entry)) + allocation_bytes(3 * pointer) +
                                   3 * pointer + allocation_bytes(2 * pointer + sizeof(CachedToken));
    return places + allocation_bytes(token.token.size() + 1) + allocation_bytes(token.issuer.size() + 1) +
           (token.checked ? token.checked->bytes() : 0) + token.claims->bytes();
}

TokenCache::TokenCache(const Limits& limits)
    : shards_(
          std::clamp(std::min(limits.bytes / kLeastBytes, limits.entries / kLeastEntries), std::size_t{1}, kMaxShards)),
      limits_{limits.bytes / shards_.size(), limits.entries / shards_.size()} {
    crypto::fill_with_random(std::as_writable_bytes(std::span(secret_)));
    ForkGuard::add(*this, ForkGuard::Rank::token_cache);
}

TokenCache::~TokenCache() { ForkGuard::remove(*this); }

/// Hashes the token's end, its signature, which a client cannot choose, as only accepted tokens are stored. The secret
/// keeps a client that has many tokens from finding some that collide.
std::uint64_t TokenCache::hash(std::string_view token) const {
    const char* const tail = token.data() + token.size() - kHashed;
    std::uint64_t state = token.size();
    for (std::size_t word = 0; word < secret_.size(); ++word) {
        std::uint64_t value = 0;
        std::memcpy(&value, tail + word * sizeof value, sizeof value);
        state = mix(state ^ value ^ secret_[word], secret_[(word + 1) % secret_.size()] | 1U);
    }
    return state;
}

std::shared_ptr<const CachedToken> TokenCache::find(std::string_view token) {
    if (token.size() < kHashed) {
        too_short_.fetch_add(1, std::memory_order_relaxed);
        return nullptr;
    }
    const std::uint64_t looked_for = hash(token);
    Shard& shard = shard_of(looked_for);
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.look_up(looked_for, token);
    ++(found == shard.entries.end() ? shard.misses : shard.hits);
    if (found == shard.entries.end()) return nullptr;
    shard.use(found);
    return found->token;
}

void TokenCache::store(CachedToken token) {
    if (token.token.size() < kHashed) return;
    const std::uint64_t key = hash(token.token);
    const std::size_t bytes = bytes_of(token);
    if (bytes > limits_.bytes || limits_.entries == 0) return;
    Entries removed, added;
    added.push_back({key, bytes, 0, std::make_shared<const CachedToken>(std::move(token))});
    Shard& shard = shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    if (const auto same = shard.by_hash.find(key); same != shard.by_hash.end()) shard.move_out(same->second, removed);
    while (shard.bytes + bytes > limits_.bytes || shard.entries.size() >= limits_.entries) {
        shard.move_out(std::prev(shard.entries.end()), removed);
        ++shard.evictions;
    }
    shard.by_hash.emplace(key, added.begin());
    added.begin()->moved_at = ++shard.moves;
    shard.entries.splice(shard.entries.begin(), added);
    shard.bytes += bytes;
}

void TokenCache::remove(std::string_view token) {
    if (token.size() < kHashed) return;
    const std::uint64_t key = hash(token);
    Entries removed;
    Shard& shard = shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.look_up(key, token);
    if (found != shard.entries.end()) shard.move_out(found, removed);
}

TokenCache::Entries::iterator TokenCache::Shard::look_up(std::uint64_t hash, std::string_view token) {
    const auto found = by_hash.find(hash);
    return found == by_hash.end() || found->second->token->token != token ? entries.end() : found->second;
}

/// Leaves an entry where it is that is among the first eighth, so that the order is not changed by each use.
void TokenCache::Shard::use(Entries::iterator entry) {
    if (moves - entry->moved_at <= entries.size() / 8) return;
    entry->moved_at = ++moves;
    entries.splice(entries.begin(), entries, entry);
}

void TokenCache::Shard::move_out(Entries::iterator entry, Entries& into) {
    bytes -= entry->bytes;
    by_hash.erase(entry->hash);
    into.splice(into.end(), entries, entry);
}

TokenCache::Report TokenCache::report() const {
    const auto invalid = invalid_.load(std::memory_order_relaxed);
    Report report{.misses = invalid + too_short_.load(std::memory_order_relaxed)};
    for (const Shard& shard : shards_) {
        const std::scoped_lock lock(shard.mutex);
        report.hits += shard.hits;
        report.misses += shard.misses;
        report.evictions += shard.evictions;
        report.entries += shard.entries.size();
        report.bytes += shard.bytes;
    }
    report.hits -= invalid;
    return report;
}

void TokenCache::before_fork() {
    for (const Shard& shard : shards_) shard.mutex.lock();
}

void TokenCache::after_fork_in_parent() {
    for (const Shard& shard : shards_) shard.mutex.unlock();
}

}  // namespace authjwks
