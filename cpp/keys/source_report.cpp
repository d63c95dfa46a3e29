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

SourceReport SourceReport::of(const IssuerRecord& issuer, bool refreshing, std::uint64_t stale_serves,
                              std::optional<Tick> now) {
    SourceReport report{.state = SourceState::fixed,
                        .refreshing = refreshing,
                        .age = {},
                        .next_refresh = {},
                        .last_failure = issuer.keys.last_failure(),
                        .fetches = issuer.keys.fetches(),
                        .stale_serves = stale_serves,
                        .throttled = issuer.unknown.throttled(),
                        .keys = issuer.keys.read()};
    if (!now) return report;
    report.state = state_of(issuer.gate, report.last_failure.has_value(), *now);
    if (const auto fetched_at = issuer.gate.fetched_at()) report.age = *now - *fetched_at;
    report.next_refresh = std::max(Clock::duration::zero(), issuer.gate.refresh_at() - *now);
    return report;
}

}  // namespace authjwks
