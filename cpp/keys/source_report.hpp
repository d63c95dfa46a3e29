// The state of a source of keys, for readiness probes and metrics.
#pragma once

#include <cstdint>
#include <optional>

#include "keys/refresh_gate.hpp"
#include "keys/snapshot_cell.hpp"
#include "net/fetch.hpp"

namespace authjwks {

enum class SourceState : std::uint8_t { fixed, cold, fresh, stale, failed };

struct SourceReport {
    SourceState state;
    bool refreshing;
    std::optional<Clock::duration> age, next_refresh;
    std::optional<FetchFault> last_error;  ///< of the latest attempt; nothing if it succeeded
    std::uint64_t fetches, stale_serves, throttled;
    Snapshot keys;  ///< null before the first ones

    /// Fills in state, age and next_refresh, for a source that fetches.
    void add_times(const RefreshGate& gate, Tick now);
};

}  // namespace authjwks
