#include "engine/issuer_directory.hpp"

#include <algorithm>
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
/// the issuers listed as such, or else sources that never ask.
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
                .jitter = [] { return 0.0; },
                .wake = {}});
    }

    support::FakeClock clock;
    std::vector<std::string> opened, answered;
    IssuerDirectory directory{{"https://one.example/", "https://two.example/"},
                              IssuerTemplate("https://tenants.example/{tenant}"),
                              [this](const std::string& issuer) { return open(issuer); },
                              [this] { return clock.now(); }};
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

TEST_F(GivenADirectory, TooManyStrangersAtATimeMustWait) {
    for (std::size_t i = 0; i < IssuerDirectory::kMaxStrangers; ++i) ASSERT_TRUE(directory.find(tenant(i)));
    EXPECT_EQ(refusal_in(directory.find(tenant(64))), "keys_unavailable");
    EXPECT_TRUE(directory.find(tenant(0))) << "who is there already stays";
    EXPECT_TRUE(directory.find("https://one.example/"));

    clock.advance(30s);
    EXPECT_TRUE(directory.find(tenant(64))) << "one has had its time";
    EXPECT_EQ(directory.sources().size(), 2U) << "strangers that have not answered are not reported";
    opened.clear();
    EXPECT_TRUE(directory.find(tenant(1)));
    EXPECT_TRUE(opened.empty());
    EXPECT_TRUE(directory.find(tenant(0)));
    EXPECT_EQ(opened, std::vector<std::string>{tenant(0)}) << "the one who waited longest";
}

TEST_F(GivenADirectory, WhoHasAnsweredIsNoStrangerAnyMore) {
    for (std::size_t i = 0; i < 200; ++i) {
        answered.push_back(tenant(i));
        ASSERT_TRUE(directory.find(tenant(i))) << i;
        ASSERT_TRUE(directory.find(tenant(i))) << i;  // where it is noticed
    }
    EXPECT_EQ(directory.sources().size(), 202U);
}

TEST_F(GivenADirectory, WhoHasAnsweredLeavesItsPlaceWithoutBeingAskedForAgain) {
    for (std::size_t i = 0; i < 2 * IssuerDirectory::kMaxStrangers; ++i) {
        answered.push_back(tenant(i));
        ASSERT_TRUE(directory.find(tenant(i))) << i;
    }
}

TEST_F(GivenADirectory, OnceClosedItTakesNobodyIn) {
    directory.close();
    EXPECT_EQ(refusal_in(directory.find(tenant(1))), "keys_unavailable");
}

TEST_F(GivenADirectory, StrangersDoNotPushOutWhoIsKnown) {
    answered.push_back(tenant(0));
    const Found known = directory.find(tenant(0));
    ASSERT_EQ(*directory.find(tenant(0)), *known);
    for (std::size_t i = 1; i <= 3 * IssuerDirectory::kMaxStrangers; ++i) {
        clock.advance(30s);
        ASSERT_TRUE(directory.find(tenant(i)));
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
    IssuerDirectory directory(
        {"https://one.example/"}, std::nullopt,
        [](const std::string& issuer) {
            return std::make_shared<KeySource>(*KeySet::parse(R"({"keys":[]})", {}), issuer);
        },
        [] { return Tick{}; });
    EXPECT_TRUE(directory.find("https://one.example/"));
    EXPECT_EQ(refusal_in(directory.find("https://two.example/")), "wrong_issuer");
}

}  // namespace
}  // namespace authjwks
