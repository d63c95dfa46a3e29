#include "engine/issuer_directory.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

using Found = Result<std::shared_ptr<KeySource>>;

std::string_view refusal_in(const Found& found) { return found ? "" : describe(found.error()).slug; }

/// Trusts two issuers by name, and the tenants of a third. Its sources are the keys of an issuer that has answered, for
/// the issuers listed as such, or else sources that fail when they are asked.
class GivenADirectory : public ::testing::Test {
  protected:
    static std::string tenant(std::size_t number) { return "https://tenants.example/t" + std::to_string(number); }

    std::shared_ptr<KeySource> open(const std::string& issuer) {
        opened.push_back(issuer);
        if (std::ranges::find(answered, issuer) != answered.end())
            return std::make_shared<KeySource>(*KeySet::parse(R"({"keys":[]})", {}), issuer);
        return std::make_shared<KeySource>(
            KeyOptions{},
            Surroundings{
                .label = issuer,
                .load = [](const LoadRequest&) { return Result<LoadedKeys, FetchFault>(FetchFault::unreachable); },
                .now = [this] { return clock.now(); },
                .jitter = [] { return 0.0; }});
    }

    /// Finds an issuer and asks it, in vain.
    std::string_view ask(const std::string& issuer) {
        const Found found = directory.find(issuer);
        if (!found) return refusal_in(found);
        (*found)->refresh();
        return "asked";
    }
    void take_all_in_vain() {
        for (std::size_t i = 0; i < IssuerDirectory::kMaxInVain; ++i) ASSERT_EQ(ask(tenant(1000 + i)), "asked");
    }

    support::FakeClock clock;
    double random = 0;
    std::vector<std::string> opened, answered;
    IssuerDirectory directory{{"https://one.example/", "https://two.example/"},
                              IssuerTemplate("https://tenants.example/{tenant}"),
                              {.open = [this](const std::string& issuer) { return open(issuer); },
                               .now = [this] { return clock.now(); },
                               .random = [this] { return random; }}};
};

TEST_F(GivenADirectory, ItsNamedIssuersAreOpenedAtOnceAndForGood) {
    EXPECT_EQ(opened, (std::vector<std::string>{"https://one.example/", "https://two.example/"}));
    const Found one = directory.find("https://one.example/");
    ASSERT_TRUE(one);
    EXPECT_EQ((*one)->label(), "https://one.example/");
    EXPECT_EQ(*directory.find("https://one.example/"), *one);
    EXPECT_EQ(opened.size(), 2U);
}

TEST_F(GivenADirectory, WhomItDoesNotTrustIsRefusedAndNotOpened) {
    for (const std::string_view issuer :
         {"https://one.example", "https://ONE.example/", "https://evil.example/", "", "https://tenants.example/",
          "https://tenants.example/a/b", "http://tenants.example/a"})
        EXPECT_EQ(refusal_in(directory.find(issuer)), "wrong_issuer") << issuer;
    EXPECT_EQ(opened.size(), 2U);
}

TEST_F(GivenADirectory, ATenantIsOpenedWhenItIsFirstFound) {
    const Found first = directory.find(tenant(1));
    ASSERT_TRUE(first);
    EXPECT_EQ((*first)->label(), tenant(1));
    EXPECT_EQ(*directory.find(tenant(1)), *first);
    EXPECT_EQ(opened.size(), 3U);
}

TEST_F(GivenADirectory, ATenantThatFailedIsNotAskedAgainForItsBackOff) {
    ASSERT_EQ(ask(tenant(1)), "asked");
    opened.clear();

    EXPECT_EQ(ask(tenant(1)), "keys_unavailable");
    EXPECT_EQ(directory.retry_after(tenant(1)), 1s);
    EXPECT_TRUE(opened.empty());

    clock.advance(1s);
    EXPECT_EQ(ask(tenant(1)), "asked");
    EXPECT_EQ(opened, std::vector<std::string>{tenant(1)});
}

TEST_F(GivenADirectory, ATenantThatKeepsFailingIsAskedLessAndLessOften) {
    for (const Clock::duration back_off : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        ASSERT_EQ(ask(tenant(1)), "asked");
        EXPECT_EQ(ask(tenant(1)), "keys_unavailable");
        EXPECT_EQ(directory.retry_after(tenant(1)), back_off);
        clock.advance(back_off);
    }
}

TEST_F(GivenADirectory, ATenantThatAnsweredStartsAnewWhenItFailsAgain) {
    for (const Clock::duration back_off : {1s, 2s}) {
        ASSERT_EQ(ask(tenant(1)), "asked");
        ASSERT_EQ(ask(tenant(1)), "keys_unavailable");
        clock.advance(back_off);
    }
    answered = {tenant(1)};
    ASSERT_TRUE(directory.find(tenant(1)) && directory.find(tenant(1)));
    for (std::size_t i = 0; i < IssuerDirectory::kMaxKnown; ++i) {  // until it is forgotten
        answered = {tenant(10 + i)};
        ASSERT_TRUE(directory.find(tenant(10 + i)) && directory.find(tenant(10 + i))) << i;
    }

    ASSERT_EQ(ask(tenant(1)), "asked");
    EXPECT_EQ(ask(tenant(1)), "keys_unavailable");
    EXPECT_EQ(directory.retry_after(tenant(1)), 1s);
}

TEST_F(GivenADirectory, TenantsThatNeverAnswerDoNotUseUpWhatNewOnesNeed) {
    constexpr std::size_t dead = 20;
    std::size_t turned_away = 0;
    for (std::size_t tick = 0; tick < 600'000 / 50; ++tick) {  // ten minutes, each of them calls 20 times a second
        for (std::size_t i = 0; i < dead; ++i) ask(tenant(i));
        if (tick % 20 == 19 && ask(tenant(1000 + tick)) != "asked") ++turned_away;  // one new tenant a second
        clock.advance(50ms);
    }
    EXPECT_LT(turned_away, 60U) << "of 600, those of the first minute";
}

TEST_F(GivenADirectory, TenantsThatFailedLeaveTheirPlaceToOthers) {
    take_all_in_vain();
    for (int i = 0; i < 200; ++i) {
        clock.advance(IssuerDirectory::kOneMoreInVain);
        ASSERT_EQ(ask(tenant(2000 + i)), "asked") << i;
    }
}

TEST_F(GivenADirectory, MadeUpTenantsAreAskedForInABurstAndThenAtASteadyRate) {
    std::size_t asked = 0;
    for (std::size_t i = 0; i < 30'000; ++i) {  // a thousand a second
        asked += ask(tenant(i)) == "asked" ? 1 : 0;
        clock.advance(1ms);
    }
    EXPECT_EQ(asked, IssuerDirectory::kMaxInVain + 30s / IssuerDirectory::kOneMoreInVain - 1);
}

TEST_F(GivenADirectory, WhenTooManyFailedANewTenantIsToldWhenToComeAgain) {
    take_all_in_vain();

    EXPECT_EQ(ask(tenant(1)), "keys_unavailable");
    EXPECT_EQ(directory.retry_after(tenant(1)), IssuerDirectory::kOneMoreInVain);
    EXPECT_TRUE(directory.find("https://one.example/"));

    clock.advance(IssuerDirectory::kOneMoreInVain);
    EXPECT_EQ(directory.retry_after(tenant(1)), 0s);
    EXPECT_EQ(ask(tenant(1)), "asked");
}

TEST_F(GivenADirectory, OfTooManyUnansweredOneAtRandomIsForgotten) {
    for (std::size_t i = 0; i < IssuerDirectory::kMaxUnanswered; ++i) ASSERT_TRUE(directory.find(tenant(i)));
    clock.advance(10 * IssuerDirectory::kOneMoreInVain);
    const Found kept = directory.find(tenant(31));

    random = 0.5;  // the 33rd of 64
    ASSERT_TRUE(directory.find(tenant(64)));

    EXPECT_EQ(directory.sources().size(), 2U) << "those that have not answered are not reported";
    opened.clear();
    EXPECT_EQ(*directory.find(tenant(31)), *kept);
    EXPECT_TRUE(directory.find(tenant(33)));
    EXPECT_TRUE(opened.empty());
    EXPECT_TRUE(directory.find(tenant(32)));
    EXPECT_EQ(opened, std::vector<std::string>{tenant(32)});
}

TEST_F(GivenADirectory, ARandomNumberNextToOneIsInBounds) {
    for (std::size_t i = 0; i < IssuerDirectory::kMaxUnanswered; ++i) ASSERT_TRUE(directory.find(tenant(i)));
    clock.advance(10 * IssuerDirectory::kOneMoreInVain);
    random = std::nextafter(1.0, 0.0);
    EXPECT_TRUE(directory.find(tenant(64)));
}

TEST_F(GivenADirectory, AnEvictedSourceEndsWithItsLastUser) {
    std::weak_ptr<KeySource> evicted = *directory.find(tenant(0));
    for (std::size_t i = 1; i < IssuerDirectory::kMaxUnanswered; ++i) ASSERT_TRUE(directory.find(tenant(i)));
    clock.advance(10 * IssuerDirectory::kOneMoreInVain);
    ASSERT_FALSE(evicted.expired());

    ASSERT_TRUE(directory.find(tenant(64)));

    EXPECT_TRUE(evicted.expired());
}

TEST_F(GivenADirectory, TenantsThatAnsweredAreKnownAndCostNothing) {
    for (std::size_t i = 0; i < 200; ++i) {
        answered.push_back(tenant(i));
        ASSERT_TRUE(directory.find(tenant(i))) << i;
        ASSERT_TRUE(directory.find(tenant(i))) << i;  // where it is noticed
    }
    EXPECT_EQ(directory.sources().size(), 202U);
}

TEST_F(GivenADirectory, ATenantThatAnsweredLeavesItsPlaceWithoutBeingAskedForAgain) {
    for (std::size_t i = 0; i < 3 * IssuerDirectory::kMaxUnanswered; ++i) {
        answered.push_back(tenant(i));
        ASSERT_TRUE(directory.find(tenant(i))) << i;
    }
}

TEST_F(GivenADirectory, OnceClosedItTakesNobodyIn) {
    directory.close();
    EXPECT_EQ(refusal_in(directory.find(tenant(1))), "keys_unavailable");
}

TEST_F(GivenADirectory, MadeUpTenantsDoNotPushOutThoseThatAreKnown) {
    answered.push_back(tenant(0));
    const Found known = directory.find(tenant(0));
    ASSERT_EQ(*directory.find(tenant(0)), *known);
    for (std::size_t i = 1; i <= 3 * IssuerDirectory::kMaxUnanswered; ++i) {
        clock.advance(30s);
        ASSERT_EQ(ask(tenant(i)), "asked");
    }
    EXPECT_EQ(*directory.find(tenant(0)), *known);
}

TEST_F(GivenADirectory, OfTooManyKnownTheLeastUsedIsForgotten) {
    for (std::size_t i = 0; i < IssuerDirectory::kMaxKnown; ++i) {
        answered = {tenant(i)};
        ASSERT_TRUE(directory.find(tenant(i)) && directory.find(tenant(i))) << i;
    }
    ASSERT_TRUE(directory.find(tenant(0)));  // no longer the least used
    answered = {tenant(5000)};
    ASSERT_TRUE(directory.find(tenant(5000)) && directory.find(tenant(5000)));
    EXPECT_EQ(directory.sources().size(), 2 + IssuerDirectory::kMaxKnown);

    opened.clear();
    EXPECT_TRUE(directory.find(tenant(0)));
    EXPECT_TRUE(opened.empty());
    EXPECT_TRUE(directory.find(tenant(1)));
    EXPECT_EQ(opened, std::vector<std::string>{tenant(1)});
}

TEST_F(GivenADirectory, OneMoreIssuerMayBeAdmitted) {
    const auto source = open("https://other.example/");
    ASSERT_EQ(*directory.admit("https://other.example/", source), source);
    EXPECT_EQ(*directory.find("https://other.example/"), source);
    EXPECT_EQ(*directory.admit("https://other.example/", open("https://other.example/")), source) << "the first stays";
}

TEST_F(GivenADirectory, ItTellsItsSources) {
    answered.push_back(tenant(1));
    ASSERT_TRUE(directory.find(tenant(1)));
    std::vector<std::string> labels;
    for (const auto& source : directory.sources()) labels.push_back(source->label());
    std::ranges::sort(labels);
    EXPECT_EQ(labels, (std::vector<std::string>{"https://one.example/", tenant(1), "https://two.example/"}));
}

TEST(GivenADirectoryWithoutATemplate, ItTrustsItsNamedIssuersAlone) {
    IssuerDirectory directory({"https://one.example/"}, std::nullopt,
                              {.open =
                                   [](const std::string& issuer) {
                                       return std::make_shared<KeySource>(*KeySet::parse(R"({"keys":[]})", {}), issuer);
                                   },
                               .now = [] { return Tick{}; },
                               .random = [] { return 0.0; }});
    EXPECT_TRUE(directory.find("https://one.example/"));
    EXPECT_EQ(refusal_in(directory.find("https://two.example/")), "wrong_issuer");
}

}  // namespace
}  // namespace authjwks
