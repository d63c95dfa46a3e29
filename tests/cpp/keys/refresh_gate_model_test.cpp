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

constexpr std::size_t kStepsPerRow = 125'000;
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
    std::optional<Tick> came_at, asked_for_unknown_at;
    Duration life{};
    Tick silent_until{};  // by the last failure
    unsigned int failures = 0;

    bool may_serve(Tick now) const { return came_at && now < *came_at + life + options.max_stale; }
    Phase phase(Tick now) const {
        if (came_at && now < *came_at + life) return Phase::fresh;
        if (failures > 0) return Phase::failing;
        return came_at ? Phase::overdue : Phase::cold;
    }
    Duration longest_back_off(Tick now) const {
        const Duration most = may_serve(now) ? 60s : 10s;
        return failures >= 6 ? most : std::min<Duration>(most, 1s * (1 << failures));
    }
    Tick unknown_allowed_at() const {
        if (!asked_for_unknown_at) return silent_until;
        const Duration pause = failures > 0 ? options.cooldown / 2 : options.cooldown;
        return std::max(silent_until, *asked_for_unknown_at + pause);
    }
};

class GivenAGateAndItsModel : public ::testing::TestWithParam<Row> {
  protected:
    /// Mostly a moment at which something changes, or its neighbour; else any leap.
    Tick next_moment() {
        const std::array moments{gate.blocked_until(),
                                 gate.refresh_at(),
                                 gate.retry_at(now),
                                 gate.fetched_at() ? gate.expires_at() : now,
                                 gate.fetched_at() ? gate.serves_until() : now,
                                 model.unknown_allowed_at()};
        constexpr std::array<Duration, 7> leaps{0s, 1ns, 1ms, 1s, 30s, 700s, 3600s};
        if (random.one_in(3)) return std::max(now, random.pick(moments) + kTick * random.between(-1, 1));
        return now + random.pick(leaps) + Duration(random.between(0, 1'000'000'000));
    }

    void succeed() {
        constexpr std::array<std::int64_t, 9> named{0, 1, 59, 60, 61, 900, 3600, 3601, 0xFFFFFFFF};
        const auto lifetime = random.one_in(2) ? std::nullopt : std::optional(seconds(random.pick(named)));
        gate.succeeded(now, lifetime, random.share());
        model.came_at = now;
        model.life = lifetime ? std::clamp(*lifetime, seconds(60), seconds(3600)) : model.options.ttl;
        model.failures = 0;
        model.silent_until = now;
        check_refresh_at();
    }

    void fail() {
        const Duration longest = model.longest_back_off(now);
        gate.failed(now, random.share());
        const Duration back_off = gate.blocked_until() - now;
        ASSERT_LE(back_off, longest);
        ASSERT_GE(back_off, longest / 2);
        ++model.failures;
        model.silent_until = gate.blocked_until();
    }

    /// Within 75 to 80 % of the life that keys have from when they came; a thousandth of it is left to rounding.
    void check_refresh_at() {
        if (!model.came_at || model.failures > 0) return;
        const double share = std::chrono::duration<double>(gate.refresh_at() - *model.came_at) /
                             std::chrono::duration<double>(model.life);
        ASSERT_GE(share, 0.75 - 0.001);
        ASSERT_LE(share, 0.80 + 0.001);
    }

    void ask() {
        const Need need = random.pick(std::array{Need::keys, Need::unknown_key, Need::command});
        if (!gate.allows(need, now)) return;
        ASSERT_TRUE(need == Need::command || now >= model.silent_until) << "asked during a back-off";
        if (need == Need::unknown_key) {
            ASSERT_GE(now, model.unknown_allowed_at()) << "asked within the cooldown";
            model.asked_for_unknown_at = now;
        }
        gate.started(need, now);
        random.one_in(3) ? succeed() : fail();
    }

    void check() {
        ASSERT_EQ(gate.may_serve(now), model.may_serve(now));
        ASSERT_EQ(gate.phase(now), model.phase(now));
        ASSERT_EQ(gate.serves_stale(now), model.may_serve(now) && model.phase(now) == Phase::failing);
        ASSERT_EQ(gate.allows(Need::unknown_key, now), now >= model.unknown_allowed_at());
        ASSERT_TRUE(gate.allows(Need::command, now));
        // A reader that does not ask stops in time, and never reads what is too old.
        if (const Tick settled = gate.settled_until(now); settled > now) {
            ASSERT_TRUE(model.may_serve(settled - kTick));
            ASSERT_TRUE(model.phase(now) == Phase::fresh || model.failures > 0);
        }
        check_retry();
    }

    /// A client that comes back when it was told to is not sent away again by the same rule, nor told to wait for long.
    void check_retry() {
        const Need need = gate.may_serve(now) ? Need::unknown_key : Need::keys;
        const Tick at = std::max(now, gate.retry_at(now));
        ASSERT_TRUE(gate.allows(need, at));
        ASSERT_LE(at - now, std::max<Duration>(60s, model.options.cooldown));
        ASSERT_TRUE(at == now || !gate.allows(need, at - kTick)) << "a longer wait than necessary";
    }

    support::SeededRandom random{20'261'125};
    RefreshGate gate{GetParam().options};
    Model model{.options = GetParam().options, .silent_until = Tick{}};
    Tick now = GetParam().begin;
};

TEST_P(GivenAGateAndItsModel, TheyAgreeAtEveryStep) {
    for (std::size_t step = 0; step < kStepsPerRow; ++step) {
        now = next_moment();
        // Long before the clock itself ends; a life of centuries goes on from its beginning.
        if (now > GetParam().begin + 20 * kYear) {
            gate = RefreshGate(GetParam().options);
            model = Model{.options = GetParam().options, .silent_until = Tick{}};
            now = GetParam().begin;
        }
        ask();
        if (random.one_in(50)) {
            gate.spread(random.share());
            check_refresh_at();
        }
        check();
        if (HasFatalFailure()) FAIL() << "at step " << step;
    }
}

constexpr Tick kBoot{}, kLater{std::chrono::hours(1000)};

INSTANTIATE_TEST_SUITE_P(Keys, GivenAGateAndItsModel,
                         ::testing::Values(Row{"Defaults", {}, kLater}, Row{"RightAfterBoot", {}, kBoot},
                                           Row{"NeverStale", {.max_stale = 0s}, kLater},
                                           Row{"WithoutCooldown", {.cooldown = 0s}, kLater},
                                           Row{"ShortestTtl", {.ttl = 1ms, .max_stale = 1ms}, kLater},
                                           Row{"LongCooldown", {.cooldown = std::chrono::hours(24)}, kLater},
                                           Row{"LongestTtl", {.ttl = 100 * kYear, .max_stale = 100 * kYear}, kLater},
                                           Row{"OldMachine", {.ttl = kYear, .max_stale = kYear}, Tick(100 * kYear)}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace authjwks
