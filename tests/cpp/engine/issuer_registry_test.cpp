#include "engine/issuer_registry.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
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
class GivenARegistry : public ::testing::Test {
  protected:
    static std::string tenant(std::size_t number) { return "https://tenants.example/t" + std::to_string(number); }

    std::shared_ptr<KeySource> open(const std::string& issuer, const std::optional<std::string>& jwks_uri,
                                    const std::vector<std::string>& spellings) {
        if (jwks_uri && !jwks_uri->starts_with("https://")) throw std::invalid_argument("not an https URL");
        opened.push_back(jwks_uri ? issuer + " at " + *jwks_uri : issuer);
        for (const std::string& spelling : spellings) opened.back() += " or " + spelling;
        if (std::ranges::find(answered, issuer) != answered.end())
            return std::make_shared<KeySource>(*KeySet::parse(R"({"keys":[]})", {}), issuer);
        return std::make_shared<KeySource>(
            KeyOptions{},
            KeySourceDependencies{
                .label = issuer,
                .load = [](const LoadRequest&) { return Result<LoadedKeys, FetchFailure>(FetchFault::unreachable); },
                .now = [this] { return clock.now(); },
                .jitter = [] { return 0.0; }});
    }

    /// Finds an issuer and asks it, which fails.
    std::string_view ask(const std::string& issuer) {
        const Found found = registry.find(issuer);
        if (!found) return refusal_in(found);
        (*found)->refresh();
        return "asked";
    }
    void use_up_allowance() {
        for (std::size_t i = 0; i < IssuerRegistry::kMaxFailures; ++i) ASSERT_EQ(ask(tenant(1000 + i)), "asked");
    }

    support::FakeClock clock;
    double random = 0;
    std::vector<std::string> opened, answered;
    IssuerRegistry registry{{"https://one.example/", "https://two.example/"},
                            {IssuerTemplate("https://tenants.example/{tenant}")},
                            {.open = [this](const auto&... where) { return open(where...); },
                             .now = [this] { return clock.now(); },
                             .random = [this] { return random; }}};
};

TEST_F(GivenARegistry, ItsNamedIssuersAreOpenedAtOnceAndForGood) {
    EXPECT_EQ(opened, (std::vector<std::string>{"https://one.example/", "https://two.example/"}));
    const Found one = registry.find("https://one.example/");
    ASSERT_TRUE(one);
    EXPECT_EQ((*one)->label(), "https://one.example/");
    EXPECT_EQ(*registry.find("https://one.example/"), *one);
    EXPECT_EQ(opened.size(), 2U);
}

TEST_F(GivenARegistry, OneIssuerWithAndWithoutASlashHasOneSource) {
    opened.clear();
    IssuerRegistry spelled({"https://one.example", "https://two.example/", "https://one.example/"}, {},
                           {.open = [this](const auto&... where) { return open(where...); },
                            .now = [this] { return clock.now(); },
                            .random = [] { return 0.0; }});

    EXPECT_EQ(opened,
              (std::vector<std::string>{"https://one.example or https://one.example/", "https://two.example/"}));
    EXPECT_EQ(*spelled.find("https://one.example"), *spelled.find("https://one.example/"));
    EXPECT_EQ(spelled.find_known("https://one.example/"), *spelled.find("https://one.example"));
    EXPECT_EQ(spelled.sources().size(), 2U);
    for (const std::string_view other : {"https://one.example//", "https://two.example"})
        EXPECT_EQ(refusal_in(spelled.find(other)), "wrong_issuer") << other;
}

TEST_F(GivenARegistry, EachOfSeveralTemplatesTrustsItsTenants) {
    IssuerRegistry several(
        {}, {IssuerTemplate("https://a.example/{tenant}/x"), IssuerTemplate("https://{tenant}.b.example")},
        {.open = [this](const auto&... where) { return open(where...); },
         .now = [this] { return clock.now(); },
         .random = [] { return 0.0; }});

    EXPECT_TRUE(several.find("https://a.example/acme/x") && several.find("https://acme.b.example"));
    EXPECT_EQ(refusal_in(several.find("https://a.example/acme")), "wrong_issuer");
}

TEST_F(GivenARegistry, AnUntrustedIssuerIsRefusedAndNotOpened) {
    for (const std::string_view issuer :
         {"https://one.example", "https://ONE.example/", "https://evil.example/", "", "https://tenants.example/",
          "https://tenants.example/a/b", "http://tenants.example/a"})
        EXPECT_EQ(refusal_in(registry.find(issuer)), "wrong_issuer") << issuer;
    EXPECT_EQ(opened.size(), 2U);
}

TEST_F(GivenARegistry, ATenantIsOpenedWhenItIsFirstFound) {
    const Found first = registry.find(tenant(1));
    ASSERT_TRUE(first);
    EXPECT_EQ((*first)->label(), tenant(1));
    EXPECT_EQ(*registry.find(tenant(1)), *first);
    EXPECT_EQ(opened.size(), 3U);
}

TEST_F(GivenARegistry, ATenantThatFailedIsNotAskedAgainForItsBackOff) {
    ASSERT_EQ(ask(tenant(1)), "asked");
    opened.clear();

    EXPECT_EQ(ask(tenant(1)), "keys_unavailable");
    EXPECT_EQ(registry.retry_after(tenant(1)), 1s);
    EXPECT_TRUE(opened.empty());

    clock.advance(1s);
    EXPECT_EQ(ask(tenant(1)), "asked");
    EXPECT_EQ(opened, std::vector<std::string>{tenant(1)});
}

TEST_F(GivenARegistry, ATenantThatKeepsFailingIsAskedLessAndLessOften) {
    for (const Clock::duration back_off : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        ASSERT_EQ(ask(tenant(1)), "asked");
        EXPECT_EQ(ask(tenant(1)), "keys_unavailable");
        EXPECT_EQ(registry.retry_after(tenant(1)), back_off);
        clock.advance(back_off);
    }
}

TEST_F(GivenARegistry, TheBackOffStartsAgainAfterAResponse) {
    for (const Clock::duration back_off : {1s, 2s}) {
        ASSERT_EQ(ask(tenant(1)), "asked");
        ASSERT_EQ(ask(tenant(1)), "keys_unavailable");
        clock.advance(back_off);
    }
    answered = {tenant(1)};
    ASSERT_TRUE(registry.find(tenant(1)) && registry.find(tenant(1)));
    for (std::size_t i = 0; i < IssuerRegistry::kMaxKnown; ++i) {  // until it is forgotten
        answered = {tenant(10 + i)};
        ASSERT_TRUE(registry.find(tenant(10 + i)) && registry.find(tenant(10 + i))) << i;
    }

    ASSERT_EQ(ask(tenant(1)), "asked");
    EXPECT_EQ(ask(tenant(1)), "keys_unavailable");
    EXPECT_EQ(registry.retry_after(tenant(1)), 1s);
}

TEST_F(GivenARegistry, DeadTenantsDoNotUseUpTheAllowance) {
    constexpr std::size_t dead = 20;
    std::size_t turned_away = 0;
    for (std::size_t tick = 0; tick < 600'000 / 50; ++tick) {  // ten minutes, each of them calls 20 times a second
        for (std::size_t i = 0; i < dead; ++i) ask(tenant(i));
        if (tick % 20 == 19 && ask(tenant(1000 + tick)) != "asked") ++turned_away;  // one new tenant a second
        clock.advance(50ms);
    }
    EXPECT_LT(turned_away, 60U) << "of 600, those of the first minute";
}

TEST_F(GivenARegistry, TenantsThatFailedLeaveTheirPlaceToOthers) {
    use_up_allowance();
    for (int i = 0; i < 200; ++i) {
        clock.advance(IssuerRegistry::kFailureInterval);
        ASSERT_EQ(ask(tenant(2000 + i)), "asked") << i;
    }
}

TEST_F(GivenARegistry, MadeUpTenantsAreRateLimited) {
    std::size_t asked = 0;
    for (std::size_t i = 0; i < 30'000; ++i) {  // a thousand a second
        asked += ask(tenant(i)) == "asked" ? 1 : 0;
        clock.advance(1ms);
    }
    EXPECT_EQ(asked, IssuerRegistry::kMaxFailures + 30s / IssuerRegistry::kFailureInterval - 1);
}

TEST_F(GivenARegistry, WhenTooManyFailedANewTenantGetsARetryTime) {
    use_up_allowance();

    EXPECT_EQ(ask(tenant(1)), "keys_unavailable");
    EXPECT_EQ(registry.retry_after(tenant(1)), IssuerRegistry::kFailureInterval);
    EXPECT_TRUE(registry.find("https://one.example/"));

    clock.advance(IssuerRegistry::kFailureInterval);
    EXPECT_EQ(registry.retry_after(tenant(1)), 0s);
    EXPECT_EQ(ask(tenant(1)), "asked");
}

TEST_F(GivenARegistry, OfTooManyUnansweredARandomOneIsEvicted) {
    for (std::size_t i = 0; i < IssuerRegistry::kMaxUnanswered; ++i) ASSERT_TRUE(registry.find(tenant(i)));
    clock.advance(10 * IssuerRegistry::kFailureInterval);
    const Found kept = registry.find(tenant(31));

    random = 0.5;  // the 33rd of 64
    ASSERT_TRUE(registry.find(tenant(64)));

    EXPECT_EQ(registry.sources().size(), 2U) << "those that have not answered are not reported";
    opened.clear();
    EXPECT_EQ(*registry.find(tenant(31)), *kept);
    EXPECT_TRUE(registry.find(tenant(33)));
    EXPECT_TRUE(opened.empty());
    EXPECT_TRUE(registry.find(tenant(32)));
    EXPECT_EQ(opened, std::vector<std::string>{tenant(32)});
}

TEST_F(GivenARegistry, ARandomNumberNextToOneIsInBounds) {
    for (std::size_t i = 0; i < IssuerRegistry::kMaxUnanswered; ++i) ASSERT_TRUE(registry.find(tenant(i)));
    clock.advance(10 * IssuerRegistry::kFailureInterval);
    random = std::nextafter(1.0, 0.0);
    EXPECT_TRUE(registry.find(tenant(64)));
}

TEST_F(GivenARegistry, AnEvictedSourceEndsWithItsLastUser) {
    std::weak_ptr<KeySource> evicted = *registry.find(tenant(0));
    for (std::size_t i = 1; i < IssuerRegistry::kMaxUnanswered; ++i) ASSERT_TRUE(registry.find(tenant(i)));
    clock.advance(10 * IssuerRegistry::kFailureInterval);
    ASSERT_FALSE(evicted.expired());

    ASSERT_TRUE(registry.find(tenant(64)));

    EXPECT_TRUE(evicted.expired());
}

TEST_F(GivenARegistry, TenantsThatRespondedUseNoAllowance) {
    for (std::size_t i = 0; i < 200; ++i) {
        answered.push_back(tenant(i));
        ASSERT_TRUE(registry.find(tenant(i))) << i;
        ASSERT_TRUE(registry.find(tenant(i))) << i;  // where it is noticed
    }
    EXPECT_EQ(registry.sources().size(), 202U);
}

TEST_F(GivenARegistry, ATenantThatRespondedFreesItsPlace) {
    for (std::size_t i = 0; i < 3 * IssuerRegistry::kMaxUnanswered; ++i) {
        answered.push_back(tenant(i));
        ASSERT_TRUE(registry.find(tenant(i))) << i;
    }
}

TEST_F(GivenARegistry, AfterCloseNoIssuerIsAdded) {
    registry.close();
    EXPECT_EQ(registry.find(tenant(1)).error(), Errc::source_closed);
    EXPECT_EQ(registry.find("https://evil.example/").error(), Errc::wrong_issuer);
}

TEST_F(GivenARegistry, MadeUpTenantsDoNotEvictKnownOnes) {
    answered.push_back(tenant(0));
    const Found known = registry.find(tenant(0));
    ASSERT_EQ(*registry.find(tenant(0)), *known);
    for (std::size_t i = 1; i <= 3 * IssuerRegistry::kMaxUnanswered; ++i) {
        clock.advance(30s);
        ASSERT_EQ(ask(tenant(i)), "asked");
    }
    EXPECT_EQ(*registry.find(tenant(0)), *known);
}

TEST_F(GivenARegistry, OfTooManyKnownTheLeastUsedIsEvicted) {
    for (std::size_t i = 0; i < IssuerRegistry::kMaxKnown; ++i) {
        answered = {tenant(i)};
        ASSERT_TRUE(registry.find(tenant(i)) && registry.find(tenant(i))) << i;
    }
    ASSERT_TRUE(registry.find(tenant(0)));  // no longer the least used
    answered = {tenant(5000)};
    ASSERT_TRUE(registry.find(tenant(5000)) && registry.find(tenant(5000)));
    EXPECT_EQ(registry.sources().size(), 2 + IssuerRegistry::kMaxKnown);

    opened.clear();
    EXPECT_TRUE(registry.find(tenant(0)));
    EXPECT_TRUE(opened.empty());
    EXPECT_TRUE(registry.find(tenant(1)));
    EXPECT_EQ(opened, std::vector<std::string>{tenant(1)});
}

TEST_F(GivenARegistry, FindKnownAddsNothing) {
    EXPECT_EQ(registry.find_known(tenant(1)), nullptr);
    EXPECT_EQ(opened.size(), 2U);
    const Found found = registry.find(tenant(1));
    EXPECT_EQ(registry.find_known(tenant(1)), *found);
    EXPECT_EQ(registry.find_known("https://one.example/"), *registry.find("https://one.example/"));
    ASSERT_EQ(ask(tenant(2)), "asked");
    EXPECT_EQ(registry.find_known(tenant(2)), nullptr) << "it has failed";
}

TEST_F(GivenARegistry, ItListsItsSources) {
    answered.push_back(tenant(1));
    ASSERT_TRUE(registry.find(tenant(1)));
    std::vector<std::string> labels;
    for (const auto& source : registry.sources()) labels.push_back(source->label());
    std::ranges::sort(labels);
    EXPECT_EQ(labels, (std::vector<std::string>{"https://one.example/", tenant(1), "https://two.example/"}));
}

TEST(GivenARegistryWithoutATemplate, ItTrustsItsNamedIssuersAlone) {
    IssuerRegistry registry(
        {"https://one.example/"}, {},
        {.open = [](const std::string& issuer, const auto&,
                    const auto&) { return std::make_shared<KeySource>(*KeySet::parse(R"({"keys":[]})", {}), issuer); },
         .now = [] { return Tick{}; },
         .random = [] { return 0.0; }});
    EXPECT_TRUE(registry.find("https://one.example/"));
    EXPECT_EQ(refusal_in(registry.find("https://two.example/")), "wrong_issuer");
}

/// Decides as `decision` says, and lists the issuers it was asked about.
class RegistryWithDecision : public GivenARegistry {
  protected:
    std::string_view ask_deciding(const std::string& issuer) {
        const Found found = deciding.find(issuer);
        if (!found) return refusal_in(found);
        (*found)->refresh();
        return "asked";
    }

    TrustDecision decision{TrustDecision::Kind::trusted};
    std::vector<std::string> asked;
    IssuerRegistry deciding{{"https://one.example/"},
                            {IssuerTemplate("https://tenants.example/{tenant}")},
                            {.open = [this](const auto&... where) { return open(where...); },
                             .now = [this] { return clock.now(); },
                             .random = [] { return 0.0; },
                             .decide =
                                 [this](const std::string& issuer) {
                                     asked.push_back(issuer);
                                     static_cast<void>(deciding.sources());  // no lock is held
                                     return decision;
                                 }}};
};

TEST_F(RegistryWithDecision, IsAskedOnlyForOtherIssuers) {
    EXPECT_TRUE(deciding.find("https://one.example/") && deciding.find(tenant(1)));
    EXPECT_TRUE(asked.empty());
    EXPECT_EQ(deciding.find_known("https://other.example/"), nullptr);
    EXPECT_TRUE(asked.empty());
}

TEST_F(RegistryWithDecision, TrustedIssuerIsDiscoveredAndNotAskedForAgain) {
    opened.clear();
    const Found found = deciding.find("https://other.example/");
    ASSERT_TRUE(found);
    EXPECT_EQ(*deciding.find("https://other.example/"), *found);
    EXPECT_EQ(asked, std::vector<std::string>{"https://other.example/"});
    EXPECT_EQ(opened, std::vector<std::string>{"https://other.example/"});
}

TEST_F(RegistryWithDecision, TrustedIssuerMayHaveItsKeysAtAUrl) {
    opened.clear();
    decision.jwks_uri = "https://keys.example/";
    EXPECT_TRUE(deciding.find("other"));
    EXPECT_EQ(opened, std::vector<std::string>{"other at https://keys.example/"});
}

TEST_F(RegistryWithDecision, RefusedUrlMeansNotTrusted) {
    decision.jwks_uri = "ftp://keys.example/";
    EXPECT_EQ(deciding.find("other").error(), Errc::wrong_issuer);
}

TEST_F(RegistryWithDecision, UntrustedIssuerIsAskedForEachTime) {
    decision.kind = TrustDecision::Kind::not_trusted;
    EXPECT_EQ(deciding.find("other").error(), Errc::wrong_issuer);
    EXPECT_EQ(deciding.find("other").error(), Errc::wrong_issuer);
    EXPECT_EQ(asked.size(), 2U);
}

TEST_F(RegistryWithDecision, FailureToDecideIsNoFaultOfTheToken) {
    decision.kind = TrustDecision::Kind::failed;
    EXPECT_EQ(deciding.find("other").error(), Errc::keys_unavailable);
}

TEST_F(RegistryWithDecision, IsNotAskedDuringABackOffOrWithoutAllowance) {
    ASSERT_EQ(ask_deciding("other"), "asked");
    EXPECT_EQ(ask_deciding("other"), "keys_unavailable");
    EXPECT_EQ(asked.size(), 1U) << "the back-off of the failed issuer runs";
    for (std::size_t i = 1; i < IssuerRegistry::kMaxFailures; ++i) ASSERT_EQ(ask_deciding(std::to_string(i)), "asked");
    asked.clear();
    EXPECT_EQ(ask_deciding("one more"), "keys_unavailable");
    EXPECT_TRUE(asked.empty());
    clock.advance(IssuerRegistry::kFailureInterval);
    EXPECT_EQ(ask_deciding("one more"), "asked");
}

TEST_F(RegistryWithDecision, IsNotAskedAfterClose) {
    deciding.close();
    EXPECT_EQ(deciding.find("other").error(), Errc::source_closed);
    EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace authjwks
