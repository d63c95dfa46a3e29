// The state of a source of keys, for readiness probes and metrics.
#pragma once

#include <cstdint>
#include <optional>

#include "keys/issuer_record.hpp"
#include "keys/snapshot_cell.hpp"
#include "net/fetch.hpp"

namespace authjwks {

enum class SourceState : std::uint8_t { fixed, cold, fresh, stale, failed };

struct SourceReport {
    SourceState state;
    bool refreshing;
    std::optional<Clock::duration> age, next_refresh;
    std::optional<FetchFailure> last_failure;  ///< of the latest attempt; nothing if it succeeded
    std::uint64_t fetches, stale_serves, throttled;
    Snapshot keys;  ///< null before the first ones

    /// @param now nothing for a source that never fetches.
    static SourceReport of(const IssuerRecord& issuer, bool refreshing, std::uint64_t stale_serves,
                           std::optional<Tick> now);
};

}  // namespace authjwks
