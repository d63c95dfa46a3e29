#include "keys/source_report.hpp"

#include <algorithm>

namespace authjwks {
namespace {

SourceState state_of(const RefreshGate& gate, bool has_failed, Tick now) {
    if (gate.phase(now) == Phase::fresh) return SourceState::fresh;
    if (gate.may_serve(now)) return SourceState::stale;
    return has_failed ? SourceState::failed : SourceState::cold;
}

}  // namespace

void SourceReport::add_times(const RefreshGate& gate, Tick now) {
    state = state_of(gate, last_error.has_value(), now);
    if (const auto fetched_at = gate.fetched_at()) age = now - *fetched_at;
    next_refresh = std::max(Clock::duration::zero(), gate.refresh_at() - now);
}

}  // namespace authjwks
