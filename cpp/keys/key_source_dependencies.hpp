// The dependencies of a source of keys, which tests replace so that they need no network, clock or threads.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "keys/discovery.hpp"
#include "net/fetch.hpp"

namespace authjwks {

class KeySource;

struct KeySourceDependencies {
    std::string label;  ///< what reports and events call the source
    std::function<Result<LoadedKeys, FetchFailure>(const LoadRequest&)> load{};
    std::function<Tick()> now{};
    std::function<double()> jitter{};  ///< in [0, 1)
    /// Makes another thread call run_due_work() of the source at `at`; a later call replaces an earlier one. @return
    /// false when that is impossible. Empty: callers that need keys fetch them, and the owner calls run_due_work() when
    /// has_due_work().
    std::function<bool(const std::shared_ptr<KeySource>& source, Tick at)> wake{};
    /// Cancels the last wake(), for a source that is destroyed; may be empty.
    std::function<void(const KeySource& source)> cancel{};
    /// Whether a wait on this thread is to end because of a signal; may be empty.
    std::function<bool()> interrupted{};

    /// Calls load(); an exception counts as a failure, so that a fetch always ends.
    Result<LoadedKeys, FetchFailure> load_or_fail(const LoadRequest& request) const noexcept {
        try {
            return load(request);
        } catch (const std::exception&) {
            return FetchFault::unreachable;
        }
    }
};

}  // namespace authjwks
