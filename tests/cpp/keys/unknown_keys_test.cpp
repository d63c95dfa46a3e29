#include "keys/unknown_keys.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration kTick{1}, kCooldown = 10s;

class GivenUnknownKeys : public ::testing::Test {
  protected:
    using KeyId = std::optional<std::string_view>;

    void note(KeyId key_id) { keys.note(key_id, clock.now()); }
    bool is_missing(KeyId key_id) const { return keys.is_missing(key_id, clock.now()); }
    bool take(KeyId key_id) { return keys.take(key_id, clock.now()); }
    /// A request past all caches that is responded to at once.
    void ask() { keys.responded(keys.send(), clock.now()); }
    /// A token that names this key, and the permission to ask about it.
    bool note_and_take(KeyId key_id) {
        note(key_id);
        return take(key_id);
    }
    void use_up() {
        while (note_and_take("made up " + std::to_string(++made_up))) continue;
    }

    support::FakeClock clock;
    UnknownKeys keys{kCooldown};
    int made_up = 0;
};

TEST_F(GivenUnknownKeys, FiveMayBeAskedAboutAtOnceAndOneMoreEachCooldown) {
    for (const std::string_view key_id : {"a", "b", "c", "d", "e"}) EXPECT_TRUE(note_and_take(key_id)) << key_id;
    EXPECT_FALSE(note_and_take("f"));

    clock.advance(kCooldown - kTick);
    EXPECT_FALSE(note_and_take("g"));
    clock.advance(kTick);
    EXPECT_TRUE(note_and_take("h"));
    EXPECT_FALSE(note_and_take("i"));
}

// A made-up id comes once, all tokens of a new key name the same one.
TEST_F(GivenUnknownKeys, AKeyIdNamedAgainIsAskedAboutOutOfAnAllowanceOfItsOwn) {
    use_up();
    EXPECT_FALSE(note_and_take("new"));
    EXPECT_TRUE(note_and_take("new")) << "by a second token";

    EXPECT_FALSE(note_and_take("new")) << "once a second";
    clock.advance(1s - kTick);
    EXPECT_FALSE(note_and_take("new"));
    clock.advance(kTick);
    EXPECT_TRUE(note_and_take("new"));
    EXPECT_FALSE(note_and_take("made up once"));
}

TEST_F(GivenUnknownKeys, WhileThereIsAnAllowanceTheSecondOneIsKept) {
    note("new");
    for (unsigned int i = 0; i < UnknownKeys::kBurst; ++i) EXPECT_TRUE(note_and_take("new"));
    EXPECT_TRUE(note_and_take("new")) << "out of the second";
    EXPECT_FALSE(note_and_take("new"));
}

TEST_F(GivenUnknownKeys, AKeyIdThatWasAskedAboutBeginsAnew) {
    note("a");
    ask();
    clock.advance(kCooldown);
    use_up();
    EXPECT_FALSE(note_and_take("a")) << "as if it were named for the first time";
    EXPECT_TRUE(note_and_take("a"));
}

TEST_F(GivenUnknownKeys, RequestsPastCachesAreNumberedFromOne) {
    EXPECT_EQ(keys.sent(), 0U);
    EXPECT_FALSE(keys.was_asked_after(0));
    EXPECT_EQ(keys.send(), 1U);
    EXPECT_EQ(keys.send(), 2U);
    EXPECT_EQ(keys.sent(), 2U);
    EXPECT_FALSE(keys.was_asked_after(0)) << "neither was responded to";

    keys.responded(1, clock.now());
    EXPECT_TRUE(keys.was_asked_after(0));
    EXPECT_FALSE(keys.was_asked_after(1));
    keys.responded(2, clock.now());
    EXPECT_TRUE(keys.was_asked_after(1));
    keys.responded(1, clock.now());
    EXPECT_TRUE(keys.was_asked_after(1)) << "a late response takes nothing back";
}

TEST_F(GivenUnknownKeys, OneNotedBeforeARequestIsMissingOnceThatIsRespondedTo) {
    note("a");
    EXPECT_FALSE(is_missing("a"));
    const auto number = keys.send();
    EXPECT_FALSE(is_missing("a"));
    keys.responded(number, clock.now());

    EXPECT_TRUE(is_missing("a"));
    EXPECT_FALSE(is_missing("b")) << "never noted";
}

// The issuer may have published the key while it sent the response.
TEST_F(GivenUnknownKeys, OneNotedAfterTheRequestWasSentIsNotMissing) {
    const auto number = keys.send();
    note("a");
    keys.responded(number, clock.now());
    EXPECT_FALSE(is_missing("a"));

    ask();
    EXPECT_TRUE(is_missing("a"));
}

TEST_F(GivenUnknownKeys, ARequestThatFailsSaysNothing) {
    note("a");
    keys.send();
    EXPECT_FALSE(is_missing("a"));
}

TEST_F(GivenUnknownKeys, OneIsMissingForACooldownAfterTheResponse) {
    note("a");
    const auto number = keys.send();
    clock.advance(3s);
    keys.responded(number, clock.now());

    clock.advance(kCooldown - kTick);
    EXPECT_TRUE(is_missing("a"));
    note("a");
    EXPECT_TRUE(is_missing("a")) << "naming it again changes nothing";
    clock.advance(kTick);
    EXPECT_FALSE(is_missing("a"));
    note("a");
    EXPECT_FALSE(is_missing("a"));
}

TEST_F(GivenUnknownKeys, EachLaterResponseIsAboutItAsWell) {
    note("a");
    ask();
    clock.advance(9s);
    note("b");
    ask();
    clock.advance(9s);
    EXPECT_TRUE(is_missing("a"));
    EXPECT_TRUE(is_missing("b"));
    clock.advance(1s);
    EXPECT_FALSE(is_missing("a"));
}

// A token without `kid` must not decide about one that names a key, nor the other way round.
TEST_F(GivenUnknownKeys, AWithdrawnKeyIsMissingForACooldownAndThenAskedAbout) {
    keys.withdraw("old", clock.now());
    EXPECT_TRUE(is_missing("old"));
    clock.advance(kCooldown - kTick);
    note("old");
    EXPECT_TRUE(is_missing("old"));
    clock.advance(kTick);
    EXPECT_FALSE(is_missing("old"));
    EXPECT_TRUE(note_and_take("old"));
    ask();
    EXPECT_TRUE(is_missing("old"));
}

TEST_F(GivenUnknownKeys, TokensWithoutAKeyIdShareOneThatNoneCanName) {
    note(std::nullopt);
    ask();
    EXPECT_TRUE(is_missing(std::nullopt));
    for (const std::string_view key_id : {std::string_view(""), std::string_view("="), std::string_view("\0", 1)})
        EXPECT_FALSE(is_missing(key_id)) << key_id;
    note("");
    ask();
    EXPECT_TRUE(is_missing(""));

    clock.advance(kCooldown);
    use_up();
    note(std::nullopt);
    EXPECT_TRUE(note_and_take(std::nullopt)) << "named again";
}

TEST_F(GivenUnknownKeys, ALongKeyIdIsNotKept) {
    const std::string longest(256, 'a'), longer(257, 'a');
    for (const std::string& key_id : {longest, longer}) note(key_id);
    ask();
    EXPECT_TRUE(is_missing(longest));
    EXPECT_FALSE(is_missing(longer));

    EXPECT_TRUE(note_and_take(longer)) << "it may be asked about all the same";
    use_up();
    EXPECT_FALSE(note_and_take(longer)) << "but is never named again";
}

TEST_F(GivenUnknownKeys, TheLast1024KeyIdsAreKept) {
    for (int i = 0; i < 1025; ++i) note(std::to_string(i));
    ask();
    EXPECT_FALSE(is_missing("0"));
    for (int i = 1; i < 1025; ++i) EXPECT_TRUE(is_missing(std::to_string(i))) << i;
}

TEST_F(GivenUnknownKeys, ForgedSignaturesLeaveOnePermission) {
    int taken = 0;
    while (keys.take_for_recheck(clock.now())) ++taken;
    EXPECT_EQ(taken, 4);
    EXPECT_TRUE(note_and_take("new"));

    clock.advance(kCooldown);
    EXPECT_FALSE(keys.take_for_recheck(clock.now())) << "the first to come back is for an unknown key";
    clock.advance(kCooldown);
    EXPECT_TRUE(keys.take_for_recheck(clock.now()));
    EXPECT_TRUE(note_and_take("newer"));
}

TEST_F(GivenUnknownKeys, TheWaitEndsWithAPermission) {
    EXPECT_EQ(keys.wait(clock.now()), 0s);
    note("new");
    use_up();
    EXPECT_EQ(keys.wait(clock.now()), 0s) << "a second token may be next";
    EXPECT_TRUE(note_and_take("new"));
    EXPECT_EQ(keys.wait(clock.now()), 1s);
    clock.advance(1s);
    EXPECT_TRUE(note_and_take("new"));

    clock.advance(kCooldown - 1s - 200ms);
    EXPECT_TRUE(note_and_take("new"));
    EXPECT_EQ(keys.wait(clock.now()), 200ms) << "until the cooldown ends";
}

TEST_F(GivenUnknownKeys, AShortCooldownIsTheWait) {
    keys = UnknownKeys(100ms);
    use_up();
    note("new");
    EXPECT_TRUE(note_and_take("new"));
    EXPECT_EQ(keys.wait(clock.now()), 100ms);
}

TEST_F(GivenUnknownKeys, ThrottlingIsAnnouncedOnceForEachFetch) {
    EXPECT_TRUE(keys.throttle());
    EXPECT_FALSE(keys.throttle());
    keys.fetch_started();
    EXPECT_TRUE(keys.throttle());
    EXPECT_EQ(keys.throttled(), 3U);
}

TEST_F(GivenUnknownKeys, TheyAreWantedFromThrottlingToTheNextResponse) {
    EXPECT_FALSE(keys.are_wanted());
    keys.throttle();
    EXPECT_TRUE(keys.are_wanted());
    keys.fetch_started();
    const auto number = keys.send();
    EXPECT_TRUE(keys.are_wanted());
    keys.responded(number, clock.now());
    EXPECT_FALSE(keys.are_wanted());
}

}  // namespace
}  // namespace authjwks
