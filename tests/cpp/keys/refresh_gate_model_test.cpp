// The refresh gate against a model of what docs/keys.md promises, in a million random steps of virtual time.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "keys/refresh_gate.hpp"
#include "support/seeded_random.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using Duration = Clock::duration;

constexpr std::size_t kStepsPerRow = 170'000;
constexpr Duration kTick{1};
constexpr auto kYear = std::chrono::hours(24 * 365);

struct Row {
    const char* name;
    KeyOptions options;
    Tick begin;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

/// What is promised, kept in the words of the promise.
struct Model {
    KeyOptions options;
    std::optional<Tick> came_at;
    Duration life{};

    // The outage, if any.
    Tick began_at{}, failed_at{}, left_alone_until{};
    unsigned int failures = 0;
    bool refuses_callers = false;

    bool may_serve(Tick now) const { return came_at && now < *came_at + life + options.max_stale; }
    Phase phase(Tick now) const {
        if (came_at && now < *came_at + life) return Phase::fresh;
        if (failures > 0) return Phase::failing;
        return came_at ? Phase::overdue : Phase::cold;
    }
    /// From 1 s doubling to 60 s; where callers are refused no more than a fifth of the outage so far.
    Duration back_off() const {
        const Duration doubling = failures > 6 ? 60s : std::min<Duration>(60s, 1s * (1 << (failures - 1)));
        if (!refuses_callers) return doubling;
        return std::min(doubling, std::clamp<Duration>((failed_at - began_at) / 5, 500ms, 10s));
    }
    /// Jitter takes up to half of the back-off away, and nothing of what the server demands.
    Tick first_end() const { return std::max(failed_at + back_off() / 2, left_alone_until); }
    Tick last_end() const { return std::max(failed_at + back_off(), left_alone_until); }
};

class GivenAGateAndItsModel : public ::testing::TestWithParam<Row> {
  protected:
    /// Mostly a moment at which something changes, or its neighbour; else any leap.
    Tick next_moment() {
        const std::array moments{gate.blocked_until(), gate.refresh_at(), gate.fetched_at() ? gate.expires_at() : now,
                                 gate.fetched_at() ? gate.serves_until() : now};
        constexpr std::array<Duration, 7> leaps{0s, 1ns, 1ms, 1s, 30s, 700s, 3600s};
        if (random.one_in(3)) return std::max(now, random.pick(moments) + kTick * random.between(-1, 1));
        return now + random.pick(leaps) + Duration(random.between(0, 1'000'000'000));
    }

    void succeed() {
        constexpr std::array<std::int64_t, 9> named{0, 1, 59, 60, 61, 900, 3600, 3601, 0xFFFFFFFF};
        const auto lifetime = random.one_in(2) ? std::nullopt : std::optional(seconds(random.pick(named)));
        gate.succeeded(now, lifetime, random.share());
        const Duration life = lifetime ? std::clamp(*lifetime, seconds(60), seconds(3600)) : model.options.ttl;
        model = {.options = model.options, .came_at = now, .life = life};
    }

    void fail() {
        constexpr std::array<std::int64_t, 7> named{0, 1, 30, 59, 60, 61, 0xFFFFFFFF};
        const auto retry_after = random.one_in(2) ? std::nullopt : std::optional(seconds(random.pick(named)));
        gate.failed(now, random.share(), retry_after);
        if (model.failures == 0) model.began_at = now;
        ++model.failures;
        model.failed_at = now;
        model.left_alone_until = now + std::min<Duration>(60s, retry_after.value_or(seconds(0)));
        model.refuses_callers = model.refuses_callers || !model.may_serve(now);
    }

    void want() {
        const Tick before = gate.refresh_at();
        const bool became_earlier = gate.want();
        ASSERT_LE(gate.refresh_at(), before);
        ASSERT_EQ(became_earlier, gate.refresh_at() < before);
        if (model.failures > 0) model.refuses_callers = true;
    }

    void ask() {
        const Need need = random.pick(std::array{Need::keys, Need::unknown_key, Need::command});
        if (!gate.allows(need, now)) return;
        ASSERT_TRUE(need == Need::command || model.failures == 0 || now >= model.first_end()) << "during a back-off";
        random.one_in(3) ? succeed() : fail();
    }

    void check() {
        ASSERT_EQ(gate.may_serve(now), model.may_serve(now));
        ASSERT_EQ(gate.phase(now), model.phase(now));
        ASSERT_EQ(gate.is_failing(), model.failures > 0);
        ASSERT_EQ(gate.serves_stale(now), model.may_serve(now) && model.phase(now) == Phase::failing);
        ASSERT_TRUE(gate.allows(Need::command, now));
        check_back_off();
        check_refresh_at();
        // A reader that does not ask stops in time, and never reads what is too old.
        if (const Tick settled = gate.settled_until(now); settled > now) {
            ASSERT_TRUE(model.may_serve(settled - kTick));
            ASSERT_TRUE(model.phase(now) == Phase::fresh || model.failures > 0);
        }
    }

    /// A client that comes back when it was told to is not sent away again by the same rule.
    void check_back_off() {
        const Tick end = gate.blocked_until();
        ASSERT_EQ(gate.allows(Need::unknown_key, now), now >= end);
        ASSERT_TRUE(gate.allows(Need::unknown_key, std::max(now, end)));
        if (model.failures == 0) {
            ASSERT_LE(end, now);
            return;
        }
        ASSERT_GE(end, model.first_end());
        ASSERT_LE(end, model.last_end());
        ASSERT_LE(end - model.failed_at, Duration(60s));
    }

    /// Within 75 to 80 % of the life that keys have from when they came, and not during a back-off; at its end where
    /// callers are refused. A thousandth of the life is left to rounding.
    void check_refresh_at() {
        const Tick at = gate.refresh_at(), end = gate.blocked_until();
        ASSERT_TRUE(gate.allows(Need::keys, std::max(now, at)));
        ASSERT_GE(at, end);
        if (!model.came_at || model.refuses_callers) {
            ASSERT_EQ(at, end);
            return;
        }
        const auto share_of_life = [this](Tick tick) {
            return std::chrono::duration<double>(tick - *model.came_at) / std::chrono::duration<double>(model.life);
        };
        ASSERT_GE(share_of_life(at), 0.75 - 0.001);
        ASSERT_TRUE(at == end || share_of_life(at) <= 0.80 + 0.001);
    }

    support::SeededRandom random{20'261'125};
    RefreshGate gate{GetParam().options};
    Model model{.options = GetParam().options};
    Tick now = GetParam().begin;
};

TEST_P(GivenAGateAndItsModel, TheyAgreeAtEveryStep) {
    for (std::size_t step = 0; step < kStepsPerRow; ++step) {
        now = next_moment();
        // Long before the clock itself ends; a life of centuries goes on from its beginning.
        if (now > GetParam().begin + 20 * kYear) {
            gate = RefreshGate(GetParam().options);
            model = Model{.options = GetParam().options};
            now = GetParam().begin;
        }
        ask();
        if (random.one_in(10)) want();
        if (random.one_in(50)) gate.spread(random.share());
        check();
        if (HasFatalFailure()) FAIL() << "at step " << step;
    }
}

constexpr Tick kBoot{}, kLater{std::chrono::hours(1000)};

INSTANTIATE_TEST_SUITE_P(Keys, GivenAGateAndItsModel,
                         ::testing::Values(Row{"Defaults", {}, kLater}, Row{"RightAfterBoot", {}, kBoot},
                                           Row{"NeverStale", {.max_stale = 0s}, kLater},
                                           Row{"ShortestTtl", {.ttl = 1ms, .max_stale = 1ms}, kLater},
                                           Row{"LongestTtl", {.ttl = 100 * kYear, .max_stale = 100 * kYear}, kLater},
                                           Row{"OldMachine", {.ttl = kYear, .max_stale = kYear}, Tick(100 * kYear)}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace authjwks
