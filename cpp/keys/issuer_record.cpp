#include "keys/issuer_record.hpp"

#include <utility>

namespace authjwks {
namespace {

/// For how many lives of a key set another one that alternates with it is remembered.
constexpr int kLivesOfReplica = 4;

}  // namespace

void IssuerRecord::add(Result<LoadedKeys, FetchFailure> loaded, Tick now, double jitter) {
    loaded ? add_keys(*std::move(loaded), now, jitter) : add_failure(std::move(loaded).error(), now, jitter);
}

void IssuerRecord::add_failure(FetchFailure failure, Tick now, double jitter) {
    gate.failed(now, jitter, failure.retry_after);
    keys.record(failure);
    events.add({EventKind::refresh_failed, std::move(failure)});
}

void IssuerRecord::add_keys(LoadedKeys loaded, Tick now, double jitter) {
    if (gate.is_failing()) events.add({EventKind::recovered});
    const bool is_first = !gate.fetched_at();
    gate.succeeded(now, loaded.lifetime, jitter);
    const auto change = keys.record(std::move(loaded), now, gate.life() * kLivesOfReplica);
    if (change.keys && !is_first) events.add({EventKind::keys_changed});
    for (const std::string& key_id : change.withdrawn) unknown.withdraw(key_id, now);
    if (change.replaces_a_key) events.add({EventKind::key_replaced});
    if (change.replicas_differ) events.add({EventKind::replicas_differ});
}

}  // namespace authjwks
