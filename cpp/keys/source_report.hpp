// How a source of keys is doing, for readiness probes and metrics.
#pragma once

#include <cstdint>
#include <optional>

#include "keys/snapshot_cell.hpp"
#include "net/fetch.hpp"

namespace authjwks {

enum class SourceState : std::uint8_t { fixed, cold, fresh, stale, failed };

struct SourceReport {
    SourceState state;
    bool refreshing;
    std::optional<Clock::duration> age, next_refresh;
    std::optional<FetchFault> last_error;  ///< of the latest attempt; nothing when it went well
    std::uint64_t fetches, stale_serves, throttled;
    Snapshot keys;  ///< null before the first ones
};

}  // namespace authjwks
