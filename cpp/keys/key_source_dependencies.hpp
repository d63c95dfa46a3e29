// What a source of keys does not decide itself: handed in, so that its life can be tested without a network, a clock or
// threads.
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
    std::function<Result<LoadedKeys, FetchFault>(const LoadRequest&)> load{};
    std::function<Tick()> now{};
    std::function<double()> jitter{};  ///< in [0, 1)
    /// Has `tick()` of the source called at `at` on another thread; a later call replaces an earlier one. False when
    /// that cannot be. Empty: whoever needs keys fetches them, and tick() is up to the owner (see has_due_work()).
    std::function<bool(const std::shared_ptr<KeySource>& source, Tick at)> wake{};
    /// Takes back what wake() agreed on, for a source that ends; may be empty.
    std::function<void(const KeySource& source)> cancel{};
    /// Whether the caller who waits on this thread is to be released, for a signal's sake; may be empty.
    std::function<bool()> interrupted{};

    /// load(); one that throws has failed, so that a fetch always ends.
    Result<LoadedKeys, FetchFault> load_or_fail(const LoadRequest& request) const noexcept {
        try {
            return load(request);
        } catch (const std::exception&) {
            return FetchFault::unreachable;
        }
    }
};

}  // namespace authjwks
