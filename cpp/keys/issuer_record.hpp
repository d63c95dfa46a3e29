// What is known of an issuer: its keys, which of them it lacks, when it may be asked again, and what happened.
#pragma once

#include "keys/fetched_keys.hpp"
#include "keys/refresh_gate.hpp"
#include "keys/source_events.hpp"
#include "keys/unknown_keys.hpp"

namespace authjwks {

/// The owner's lock guards all but keys.cached() and events.pending().
struct IssuerRecord {
    explicit IssuerRecord(const KeyOptions& options) : unknown(options.cooldown), gate(options) {}

    /// Records the outcome of a fetch that has just ended. @param jitter in [0, 1).
    void add(Result<LoadedKeys, FetchFailure> loaded, Tick now, double jitter);

    FetchedKeys keys;
    UnknownKeys unknown;
    RefreshGate gate;
    SourceEvents events;

  private:
    void add_failure(FetchFailure failure, Tick now, double jitter);
    void add_keys(LoadedKeys loaded, Tick now, double jitter);
};

}  // namespace authjwks
