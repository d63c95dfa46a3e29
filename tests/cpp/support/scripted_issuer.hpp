// An issuer that answers a KeySource by a script, and records the requests.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "keys/key_source.hpp"
#include "support/fake_clock.hpp"

namespace authjwks::support {

/// Thread-safe. Outlives the sources made with its dependencies().
class ScriptedIssuer {
  public:
    using Answer = std::function<Result<LoadedKeys, FetchFailure>()>;

    // What comes at the next call that no answer is written for yet.
    void then(Answer answer) {
        const std::lock_guard lock(mutex_);
        script_.push_back(std::move(answer));
    }
    void then_sends(std::string_view key_set, std::optional<std::chrono::seconds> lifetime = std::nullopt) {
        then([text = std::string(key_set), lifetime] { return keys(text, lifetime); });
    }
    void then_sends_nothing_new() {
        then([this] { return LoadedKeys{std::nullopt, {}, calls().back().known}; });
    }
    void then_fails(FetchFailure failure) {
        then([failure = std::move(failure)] { return failure; });
    }

    std::vector<LoadRequest> calls() const {
        const std::lock_guard lock(mutex_);
        return calls_;
    }

    /// Load from this script and read this clock, without threads: a caller that needs keys fetches them. `jitter` is
    /// always the same.
    KeySourceDependencies dependencies(const FakeClock& clock, double jitter = 0) {
        return {.label = "https://issuer.example/",
                .load = [this](const LoadRequest& request) { return as_known(next(request)(), request.known); },
                .now = [&clock] { return clock.now(); },
                .jitter = [jitter] { return jitter; },
                .wake = {}};
    }

    /// The answer that carries these keys.
    static Result<LoadedKeys, FetchFailure> keys(std::string_view key_set,
                                                 std::optional<std::chrono::seconds> lifetime = std::nullopt) {
        return LoadedKeys{
            *KeySet::parse(key_set, {}), lifetime, {.url = "", .body = std::string(key_set), .version = {}}};
    }

  private:
    /// The keys at hand are not parsed again where the same text comes again (see KeyLocation::load).
    static Result<LoadedKeys, FetchFailure> as_known(Result<LoadedKeys, FetchFailure> answer, const Origin& known) {
        if (answer && answer->origin.body == known.body) answer->keys.reset();
        return answer;
    }

    Answer next(const LoadRequest& request) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(request);
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
    std::vector<LoadRequest> calls_;
};

/// The result for a caller that waits; Pending fails the test.
template <class T>
Result<T> waited_for(OrPending<T> answer) {
    if (auto* result = std::get_if<Result<T>>(&answer)) return std::move(*result);
    ADD_FAILURE() << "the result is pending";
    return Errc::keys_unavailable;
}

}  // namespace authjwks::support
