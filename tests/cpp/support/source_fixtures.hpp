// Sources of keys in the states that their tests begin with, on a clock and an issuer that the test plays.
#pragma once

#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "keys/key_source.hpp"
#include "support/fake_clock.hpp"
#include "support/key_pair.hpp"
#include "support/scripted_issuer.hpp"

namespace authjwks::support {

using namespace std::chrono_literals;

inline constexpr Clock::duration kTick{1};
inline constexpr KeyOptions kOptions{.ttl = 1000s, .max_stale = 3600s, .cooldown = 10s, .timeout = 5s};

/// A set of one key of this name.
inline std::string set_of(std::string_view key_id) { return key_set_json({KeyPair::of("P-256").jwk(key_id)}); }

/// The name of the first key, or "" for no keys.
inline std::string name_in(const Snapshot& keys) {
    return keys && !keys->usable().empty() ? keys->usable()[0].key_id.value_or("unnamed") : "";
}
inline std::string name_in(const Result<Snapshot>& keys) {
    return keys ? name_in(*keys) : std::string(describe(keys.error()).slug);
}

/// The result for a caller that waits: the name of the first key, or the slug of the refusal.
inline std::string obtain(KeySource& source) {
    const auto obtained = waited_for(source.obtain(WaitPolicy::until_deadline));
    return obtained ? name_in(obtained->keys) : std::string(describe(obtained.error()).slug);
}
inline std::string renew(KeySource& source, const Snapshot& seen, std::optional<std::string_view> key_id = "wanted") {
    return name_in(waited_for(source.renew(seen, key_id, WaitPolicy::until_deadline)));
}

/// The slug of why a fetch failed, or "" if it did not.
inline std::string slug_of(const std::optional<FetchFailure>& failure) {
    return failure ? std::string(name_of(failure->fault)) : "";
}

inline std::vector<EventKind> kinds_of(const std::vector<SourceEvent>& events) {
    std::vector<EventKind> kinds;
    for (const SourceEvent& event : events) kinds.push_back(event.kind);
    return kinds;
}

/// A source without threads: a caller that needs keys fetches them, and the test calls run_due_work(). It has not
/// fetched yet.
class GivenAColdSource : public ::testing::Test {
  protected:
    std::shared_ptr<KeySource> source_with(const KeyOptions& options, double jitter = 0) {
        return std::make_shared<KeySource>(options, issuer.dependencies(clock, jitter));
    }
    std::size_t fetches() const { return issuer.calls().size(); }
    /// Whether the latest request went past the caches on the way.
    bool was_past_caches() const { return issuer.calls().back().no_cache; }

    FakeClock clock;
    ScriptedIssuer issuer;
    std::shared_ptr<KeySource> owned = source_with(kOptions);
    KeySource& source = *owned;
};

/// The same with the key "old", fetched just now.
class GivenAWarmSource : public GivenAColdSource {
  protected:
    GivenAWarmSource() {
        issuer.then_sends(set_of("old"));
        if (obtain(source) != "old") throw std::runtime_error("the source did not warm up");
    }

    /// Asks about made-up key ids until the issuer may not be asked about another one.
    void use_up() {
        for (unsigned int i = 0; i < UnknownKeys::kBurst; ++i) {
            issuer.then_sends_nothing_new();
            EXPECT_EQ(renew(source, source.ready(), "made up " + std::to_string(++made_up)), "old");
        }
    }

    int made_up = 0;
};

/// The same with its ttl over and a refresh that has failed just now.
class GivenAStaleSource : public GivenAWarmSource {
  protected:
    GivenAStaleSource() {
        clock.advance(1000s);
        issuer.then_fails(FetchFault::bad_status);
        if (obtain(source) != "old") throw std::runtime_error("the old keys do not serve");
    }
};

inline constexpr std::size_t kThreads = 8;

/// Many threads that all ask a source, one of which finds out only when all are about to.
class Crowd {
  public:
    /// To be called by the load function: waits until all threads are on their way to the source.
    void wait_for_all() { on_their_way_.wait(); }

    /// What `ask` brought to each thread.
    template <class Ask>
    std::vector<std::string> ask_at_once(Ask ask) {
        std::vector<std::string> answers(kThreads);
        {
            std::vector<std::jthread> threads;
            for (std::string& answer : answers)
                threads.emplace_back([this, &answer, &ask] {
                    on_their_way_.count_down();
                    answer = ask();
                });
        }
        return answers;
    }

  private:
    std::latch on_their_way_{kThreads};
};

}  // namespace authjwks::support
