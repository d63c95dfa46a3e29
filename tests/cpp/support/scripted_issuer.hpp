// An issuer that answers a KeySource by a script, and remembers how it was asked.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "keys/key_source.hpp"
#include "support/fake_clock.hpp"

namespace authjwks::support {

/// Safe from many threads. Outlives the sources made with its surroundings().
class ScriptedIssuer {
  public:
    using Answer = std::function<Result<LoadedKeys, FetchFault>()>;
    struct Call {
        Tick deadline;
        bool no_cache;
    };

    // What comes at the next call that no answer is written for yet.
    void then(Answer answer) {
        const std::lock_guard lock(mutex_);
        script_.push_back(std::move(answer));
    }
    void then_sends(std::string_view key_set, std::optional<std::chrono::seconds> max_age = std::nullopt) {
        then([text = std::string(key_set), max_age] { return keys(text, max_age); });
    }
    void then_fails(FetchFault fault) {
        then([fault] { return fault; });
    }

    std::vector<Call> calls() const {
        const std::lock_guard lock(mutex_);
        return calls_;
    }

    /// Load from this script and read this clock; `jitter` is always the same.
    Surroundings surroundings(const FakeClock& clock, double jitter = 0) {
        return {[this](Tick deadline, bool no_cache) { return next({deadline, no_cache})(); },
                [&clock] { return clock.now(); }, [jitter] { return jitter; }};
    }

    /// The answer that carries these keys.
    static Result<LoadedKeys, FetchFault> keys(std::string_view key_set,
                                               std::optional<std::chrono::seconds> max_age = std::nullopt) {
        return LoadedKeys{*KeySet::parse(key_set, {}), max_age};
    }

  private:
    Answer next(const Call& call) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(call);
        if (script_.empty()) {
            ADD_FAILURE() << "the issuer was asked once more than the test expects";
            return [] { return FetchFault::unreachable; };
        }
        Answer answer = std::move(script_.front());
        script_.pop_front();
        return answer;
    }

    mutable std::mutex mutex_;  // guards all below
    std::deque<Answer> script_;
    std::vector<Call> calls_;
};

}  // namespace authjwks::support
