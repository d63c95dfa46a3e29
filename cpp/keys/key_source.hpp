// An issuer's keys over time: readers take the current snapshot without waiting; whoever needs newer keys shares one fetch.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.hpp"
#include "jose/key_set.hpp"
#include "keys/discovery.hpp"
#include "keys/fetch.hpp"
#include "keys/refresh_gate.hpp"

namespace authjwks {

/// A key set as it was at one time. Never changes, never null when a function returns it as a result.
using Snapshot = std::shared_ptr<const KeySet>;

/// What a source does not decide itself: handed in, so that its life can be tested without a network or a clock.
struct Surroundings {
    /// One whole fetch of the keys, finished by the deadline; `no_cache` asks caches on the way to look again.
    std::function<Result<LoadedKeys, FetchFault>(Tick deadline, bool no_cache)> load;
    std::function<Tick()> now;
    std::function<double()> jitter;  ///< in [0, 1)
};

enum class SourceState : std::uint8_t { fixed, cold, fresh, stale, failed };

struct SourceReport {
    SourceState state;
    std::optional<Clock::duration> age, next_refresh;
    std::optional<FetchFault> last_error;  ///< of the latest attempt; nothing when it went well
    std::uint64_t fetches;
    Snapshot keys;  ///< null before the first ones
};

/// Safe from many threads.
class KeySource {
  public:
    explicit KeySource(KeySet keys);
    KeySource(const KeyOptions& options, Surroundings surroundings);

    /// The keys to judge with now, or null when obtain() should be asked because it may wait for newer ones.
    Snapshot ready() const;

    /// The keys, fetched first where there are none or they are past their ttl. Callers who come while a fetch is under
    /// way get its result or its failure; those who may do with older keys do not wait for it.
    /// @return keys_unavailable when there are none that may serve.
    Result<Snapshot> obtain();

    /// Whether renew() would ask the issuer, or wait for somebody who does.
    bool can_renew(const Snapshot& seen) const;
    /// Newer keys than `seen`, which lacks one; `seen` itself when the issuer was asked too recently or did not answer.
    Snapshot renew(const Snapshot& seen);

    /// How long to wait before keys are worth asking for again.
    Clock::duration retry_after() const;
    SourceReport report() const;

  private:
    using Lock = std::unique_lock<std::mutex>;

    Result<LoadedKeys, FetchFault> load(Tick deadline, bool no_cache) const noexcept;
    void fetch(Lock& lock, Need need);
    void join(Lock& lock);
    void publish(LoadedKeys loaded, Tick now);
    void settle(Tick now);

    Surroundings surroundings_;
    KeyOptions options_;
    std::atomic<Snapshot> snapshot_;
    std::atomic<Clock::rep> settled_until_;  // ready() answers without the lock before this tick

    mutable std::mutex mutex_;  // guards all below
    std::condition_variable landed_;
    RefreshGate gate_;
    bool flying_ = false;
    std::uint64_t flights_ = 0;
    std::optional<FetchFault> last_error_;
};

}  // namespace authjwks
