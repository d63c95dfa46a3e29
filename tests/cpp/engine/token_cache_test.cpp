#include "engine/token_cache.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/in_child.hpp"

namespace authjwks {
namespace {

using support::holds_in_child;

constexpr TokenCache::Limits kAmple{std::size_t{1} << 24, 16'384};
constexpr std::size_t kTail = 64;

/// Claims of any size that report their destruction.
class SomeClaims : public CachedClaims {
  public:
    explicit SomeClaims(std::size_t bytes, std::function<void()> on_destruction = {})
        : bytes_(bytes), on_destruction_(std::move(on_destruction)) {}
    ~SomeClaims() override {
        if (on_destruction_) on_destruction_();
    }
    std::size_t bytes() const noexcept override { return bytes_; }

  private:
    std::size_t bytes_;
    std::function<void()> on_destruction_;
};

/// A text as long as a token, which no other number has.
std::string token_of(std::size_t number) {
    const std::string digits = std::to_string(number);
    return std::string(200, 'h') + '.' + std::string(300, 'p') + '.' + std::string(86 - digits.size(), 's') + digits;
}

CachedToken cached(std::string token, std::size_t claims_bytes = 100, std::function<void()> on_destruction = {}) {
    return {.token = std::move(token),
            .validity = {},
            .key_set = 7,
            .issuer = "",
            .checked = nullptr,
            .claims = std::make_unique<const SomeClaims>(claims_bytes, std::move(on_destruction))};
}

/// What one entry of `token_of()` is counted as.
std::size_t bytes_of_one(std::size_t claims_bytes = 100) {
    TokenCache cache(kAmple);
    cache.store(cached(token_of(0), claims_bytes));
    return cache.report().bytes;
}

bool has(TokenCache& cache, std::size_t number) {
    const auto found = cache.find(token_of(number));
    return found && found->token == token_of(number);
}

TEST(GivenAnEmptyCache, NothingIsFound) {
    TokenCache cache(kAmple);

    EXPECT_EQ(cache.find(token_of(1)), nullptr);

    const auto report = cache.report();
    EXPECT_EQ(report.hits + report.evictions, 0U);
    EXPECT_EQ(report.misses, 1U);
    EXPECT_EQ(report.entries + report.bytes, 0U);
}

TEST(GivenACachedToken, ItIsFoundWithAllThatWasKept) {
    TokenCache cache(kAmple);
    const Validity validity{Instant{Seconds{1.5}}, Instant{Seconds{2.5}}};
    auto token = cached(token_of(1));
    token.validity = validity;
    token.issuer = "https://issuer.example/";
    const auto* const claims = token.claims.get();
    cache.store(std::move(token));

    const auto found = cache.find(token_of(1));

    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->token, token_of(1));
    EXPECT_EQ(found->claims.get(), claims);
    EXPECT_EQ(found->key_set, 7U);
    EXPECT_EQ(found->issuer, "https://issuer.example/");
    EXPECT_EQ(found->validity.from, validity.from);
    EXPECT_EQ(found->validity.until, validity.until);
}

TEST(GivenACachedToken, NoneThatDiffersInOneCharacterIsFound) {
    TokenCache cache(kAmple);
    const std::string token = token_of(1);
    cache.store(cached(token));

    for (std::size_t place = 0; place < token.size(); ++place)
        for (const char other :
             {'A', '.', '\0', static_cast<char>(token[place] ^ 1), static_cast<char>(token[place] ^ 0x80)}) {
            if (other == token[place]) continue;
            std::string changed = token;
            changed[place] = other;
            EXPECT_EQ(cache.find(changed), nullptr) << place;
        }
    EXPECT_NE(cache.find(token), nullptr);
}

TEST(GivenACachedToken, NoneThatIsLongerOrShorterIsFound) {
    TokenCache cache(kAmple);
    const std::string token = token_of(1);
    cache.store(cached(token));

    for (std::size_t size = 0; size < token.size(); ++size) {
        EXPECT_EQ(cache.find(std::string_view(token).substr(0, size)), nullptr) << size;
        EXPECT_EQ(cache.find(std::string_view(token).substr(token.size() - size)), nullptr) << size;
    }
    for (const std::string& longer : {token + 's', token + ' ', token + '\0', 'h' + token, ' ' + token, token + token})
        EXPECT_EQ(cache.find(longer), nullptr);
}

TEST(GivenTokensWithTheSameEnd, EachIsOnlyItself) {
    TokenCache cache(kAmple);
    const std::string tail(kTail, 'z');
    const std::string token = std::string(300, 'a') + tail, same_size = std::string(300, 'b') + tail;
    cache.store(cached(token));

    EXPECT_EQ(cache.find(same_size), nullptr);
    EXPECT_EQ(cache.find(tail), nullptr);
    for (std::size_t size = 1; size < 300; ++size) {
        EXPECT_EQ(cache.find(std::string(size, 'a') + tail), nullptr);
        cache.store(cached(std::string(size, 'a') + tail));
    }
    for (std::size_t size = 1; size <= 300; ++size) {
        const auto found = cache.find(std::string(size, 'a') + tail);
        ASSERT_NE(found, nullptr) << size;
        EXPECT_EQ(found->token.size(), size + kTail);
    }
}

TEST(GivenTokensOfOneSizeWithTheSameEnd, TheLatestTakesThePlaceOfTheOther) {
    TokenCache cache(kAmple);
    const std::string tail(kTail, 'z');
    cache.store(cached(std::string(300, 'a') + tail));
    const auto before = cache.report();

    cache.store(cached(std::string(300, 'b') + tail));

    EXPECT_EQ(cache.find(std::string(300, 'a') + tail), nullptr);
    EXPECT_NE(cache.find(std::string(300, 'b') + tail), nullptr);
    EXPECT_EQ(cache.report().entries, 1U);
    EXPECT_EQ(cache.report().bytes, before.bytes);
}

TEST(GivenATextTooShortForASignature, ItIsNeitherKeptNorFound) {
    TokenCache cache(kAmple);
    for (const std::size_t size : {0U, 1U, 8U, 63U}) {
        cache.store(cached(std::string(size, 'x')));
        EXPECT_EQ(cache.find(std::string(size, 'x')), nullptr) << size;
    }
    EXPECT_EQ(cache.find({}), nullptr);
    EXPECT_EQ(cache.report().entries, 0U);

    cache.store(cached(std::string(kTail, 'x')));
    EXPECT_NE(cache.find(std::string(kTail, 'x')), nullptr);
}

TEST(GivenATokenStoredAgain, TheNewEntryReplacesTheOldOne) {
    TokenCache cache(kAmple);
    bool gone = false;
    cache.store(cached(token_of(1), 100, [&gone] { gone = true; }));
    auto old = cache.find(token_of(1));

    cache.store(cached(token_of(1), 5000));

    EXPECT_NE(cache.find(token_of(1)), old);
    EXPECT_EQ(cache.report().entries, 1U);
    EXPECT_EQ(cache.report().evictions, 0U) << "nothing was evicted";
    EXPECT_EQ(cache.report().bytes, bytes_of_one(5000));
    EXPECT_FALSE(gone);
    old.reset();
    EXPECT_TRUE(gone);
}

TEST(GivenATokenThatWasRemoved, OthersAreKept) {
    TokenCache cache(kAmple);
    for (const std::size_t number : {1U, 2U}) cache.store(cached(token_of(number)));

    cache.remove(token_of(1));
    cache.remove(token_of(3));
    cache.remove("");

    EXPECT_FALSE(has(cache, 1));
    EXPECT_TRUE(has(cache, 2));
    EXPECT_EQ(cache.report().bytes, bytes_of_one());
    EXPECT_EQ(cache.report().evictions, 0U);
}

TEST(GivenALimitOfEntries, TheLeastRecentlyUsedIsEvicted) {
    TokenCache cache({std::size_t{1} << 24, 3});
    for (const std::size_t number : {1U, 2U, 3U}) cache.store(cached(token_of(number)));
    EXPECT_TRUE(has(cache, 1));  // so that 2 is next to go

    cache.store(cached(token_of(4)));
    EXPECT_FALSE(has(cache, 2));
    EXPECT_TRUE(has(cache, 3));
    EXPECT_TRUE(has(cache, 1));

    cache.store(cached(token_of(4)));  // again, which counts as asked for
    cache.store(cached(token_of(5)));
    EXPECT_FALSE(has(cache, 3));
    for (const std::size_t number : {1U, 4U, 5U}) EXPECT_TRUE(has(cache, number)) << number;
    EXPECT_EQ(cache.report().evictions, 2U);
    EXPECT_EQ(cache.report().entries, 3U);
}

TEST(GivenALimitOfBytes, RoomIsMadeForEachByAsManyAsItTakes) {
    const std::size_t one = bytes_of_one(1000);
    TokenCache cache({4 * one, 1000});
    for (std::size_t number = 0; number < 4; ++number) cache.store(cached(token_of(number), 1000));
    EXPECT_EQ(cache.report().bytes, 4 * one) << "the limit itself is within";
    EXPECT_EQ(cache.report().evictions, 0U);

    cache.store(cached(token_of(4), 1000 + one));  // takes two places

    EXPECT_FALSE(has(cache, 0));
    EXPECT_FALSE(has(cache, 1));
    for (const std::size_t number : {2U, 3U, 4U}) EXPECT_TRUE(has(cache, number)) << number;
    EXPECT_EQ(cache.report().bytes, 4 * one);
    EXPECT_EQ(cache.report().evictions, 2U);
}

TEST(GivenATokenThatGrowsWhenKeptAgain, OthersMakeRoomForIt) {
    const std::size_t one = bytes_of_one(1000);
    TokenCache cache({3 * one, 1000});
    for (std::size_t number = 0; number < 3; ++number) cache.store(cached(token_of(number), 1000));

    cache.store(cached(token_of(1), 1000 + one));

    EXPECT_FALSE(has(cache, 0));
    EXPECT_TRUE(has(cache, 1));
    EXPECT_TRUE(has(cache, 2));
    EXPECT_EQ(cache.report().bytes, 3 * one);
}

TEST(GivenATokenBeyondTheLimit, ItIsNotStoredAndNothingIsEvicted) {
    const std::size_t one = bytes_of_one(1000);
    TokenCache cache({2 * one, 1000});
    cache.store(cached(token_of(1), 1000));
    bool gone = false;

    cache.store(cached(token_of(2), 1001 + one, [&gone] { gone = true; }));

    EXPECT_TRUE(gone);
    EXPECT_FALSE(has(cache, 2));
    EXPECT_TRUE(has(cache, 1));
    EXPECT_EQ(cache.report().evictions, 0U);

    cache.store(cached(token_of(2), 1000 + one));  // just fits, alone
    EXPECT_TRUE(has(cache, 2));
    EXPECT_EQ(cache.report().entries, 1U);
}

TEST(GivenNoRoomAtAll, NothingIsKept) {
    for (const TokenCache::Limits limits : {TokenCache::Limits{0, 0}, {1, 1}, {std::size_t{1} << 24, 0}, {0, 100}}) {
        TokenCache cache(limits);
        cache.store(cached(token_of(1)));
        EXPECT_FALSE(has(cache, 1));
        EXPECT_EQ(cache.report().entries, 0U);
    }
}

TEST(GivenMoreTokensThanFit, NeitherLimitIsEverPassed) {
    constexpr std::size_t megabyte = std::size_t{1} << 20;
    for (const TokenCache::Limits limits :
         {TokenCache::Limits{4 * megabyte, 1'000'000}, {64 * megabyte, 2000}, {100'000, 50}}) {
        TokenCache cache(limits);
        for (std::size_t number = 0; number < 20'000; ++number) {
            cache.store(cached(token_of(number), 10 + number * 37 % 3000));
            if (number % 500 != 0) continue;
            const auto report = cache.report();
            EXPECT_LE(report.bytes, limits.bytes);
            EXPECT_LE(report.entries, limits.entries);
            EXPECT_EQ(report.entries + report.evictions, number + 1);
            EXPECT_TRUE(has(cache, number));
        }
        // What is counted is what is there.
        const auto report = cache.report();
        std::size_t entries = 0;
        for (std::size_t number = 0; number < 20'000; ++number) entries += has(cache, number) ? 1 : 0;
        EXPECT_EQ(entries, report.entries);
        EXPECT_GT(report.bytes, limits.bytes / 2 < limits.entries * 500 ? limits.bytes / 2 : limits.entries * 500)
            << "no more is forgotten than has to be";
    }
}

TEST(GivenAnEntry, ItIsCountedByAllThatItTakes) {
    EXPECT_GE(bytes_of_one(0), token_of(0).size() + sizeof(CachedToken));
    EXPECT_EQ(bytes_of_one(12'345), bytes_of_one(0) + 12'345);
    TokenCache cache(kAmple);
    auto token = cached(token_of(0), 0);
    token.issuer = std::string(1000, 'i');
    cache.store(std::move(token));
    EXPECT_GE(cache.report().bytes, bytes_of_one(0) + 1000);
}

TEST(GivenAFoundToken, ItOutlivesItsPlaceAndTheCache) {
    bool gone = false;
    std::shared_ptr<const CachedToken> found;
    {
        TokenCache cache({std::size_t{1} << 24, 1});
        cache.store(cached(token_of(1), 100, [&gone] { gone = true; }));
        found = cache.find(token_of(1));
        cache.store(cached(token_of(2)));
        EXPECT_FALSE(has(cache, 1));
    }
    EXPECT_FALSE(gone);
    EXPECT_EQ(found->token, token_of(1));
    found.reset();
    EXPECT_TRUE(gone);
}

TEST(GivenACacheThatEnds, AllClaimsGoWithIt) {
    std::size_t gone = 0;
    {
        TokenCache cache(kAmple);
        for (std::size_t number = 0; number < 1000; ++number)
            cache.store(cached(token_of(number), 10, [&gone] { ++gone; }));
    }
    EXPECT_EQ(gone, 1000U);
}

TEST(GivenClaimsWhoseDestructorUsesTheCache, ThereIsNoDeadlock) {
    TokenCache cache({std::size_t{1} << 24, 2});
    std::size_t ends = 0;
    const auto use_it = [&cache, &ends] {
        ++ends;
        static_cast<void>(has(cache, 1));
        static_cast<void>(cache.report());
        cache.store(cached(token_of(9)));
    };
    cache.store(cached(token_of(1), 100, use_it));
    cache.store(cached(token_of(1), 100, use_it));  // replaces
    EXPECT_EQ(ends, 1U);
    for (const std::size_t number : {2U, 3U}) cache.store(cached(token_of(number)));  // evict
    EXPECT_EQ(ends, 2U);
    cache.store(cached(token_of(4), std::size_t{1} << 25, use_it));  // does not fit
    EXPECT_EQ(ends, 3U);
}

TEST(GivenHitsAndMisses, EachIsCounted) {
    TokenCache cache(kAmple);
    cache.store(cached(token_of(1)));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(has(cache, 1));
    EXPECT_FALSE(has(cache, 2));
    EXPECT_EQ(cache.find("too short to be a token"), nullptr);
    EXPECT_EQ(cache.report().hits, 3U);
    EXPECT_EQ(cache.report().misses, 2U);

    cache.count_as_miss();
    EXPECT_EQ(cache.report().hits, 2U) << "found, but no longer valid";
    EXPECT_EQ(cache.report().misses, 3U);
}

TEST(GivenTwoCaches, WhatOneKnowsIsNothingToTheOther) {
    TokenCache one(kAmple), other(kAmple);
    one.store(cached(token_of(1)));
    EXPECT_TRUE(has(one, 1));
    EXPECT_FALSE(has(other, 1));
}

TEST(GivenManyThreads, EachFindsOnlyWhatItAskedFor) {
    constexpr std::size_t threads = 8, rounds = 3000, tokens = 300;
    const TokenCache::Limits limits{std::size_t{1} << 20, 200};
    std::atomic<std::size_t> made{0}, gone{0}, wrong{0};
    {
        TokenCache cache(limits);
        std::vector<std::jthread> running;
        for (std::size_t thread = 0; thread < threads; ++thread)
            running.emplace_back([&, thread] {
                for (std::size_t round = 0; round < rounds; ++round) {
                    const std::size_t number = (round * 7919 + thread * 104'729) % tokens;
                    const auto found = cache.find(token_of(number));
                    if (found && (found->token != token_of(number) || found->claims->bytes() != number + 1)) ++wrong;
                    if (!found) {
                        ++made;
                        cache.store(cached(token_of(number), number + 1, [&gone] { ++gone; }));
                    }
                    const auto report = cache.report();
                    if (report.bytes > limits.bytes || report.entries > limits.entries) ++wrong;
                }
            });
        running.clear();
        const auto report = cache.report();
        EXPECT_EQ(report.hits + report.misses, threads * rounds);
        EXPECT_EQ(made - gone, report.entries);
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(made, gone);
}

TEST(GivenAFork, TheChildFindsWhatWasKeptAndGoesOn) {
    TokenCache cache(kAmple);
    cache.store(cached(token_of(1)));

    EXPECT_TRUE(holds_in_child([&cache] {
        cache.store(cached(token_of(2)));
        return has(cache, 1) && has(cache, 2) && cache.report().entries == 2;
    }));

    EXPECT_TRUE(has(cache, 1));
    EXPECT_FALSE(has(cache, 2));
}

// The child takes each lock and allocates nothing: the sanitizer's own allocator does not survive a fork beside
// threads.
TEST(GivenAForkBesideBusyThreads, TheChildIsNotLeftWithALock) {
    TokenCache cache(kAmple);
    std::vector<std::string> tokens;
    for (std::size_t number = 0; number < 300; ++number) cache.store(cached(tokens.emplace_back(token_of(number))));
    std::atomic<bool> done{false};
    std::vector<std::jthread> busy;
    for (std::size_t thread = 0; thread < 2; ++thread)
        busy.emplace_back([&, thread] {
            for (std::size_t number = thread; !done; ++number) {
                cache.store(cached(tokens[number % tokens.size()]));
                static_cast<void>(cache.find(tokens[number % tokens.size()]));
            }
        });
    for (int fork = 0; fork < 50; ++fork)
        EXPECT_TRUE(holds_in_child([&] {
            return cache.report().entries == tokens.size() &&
                   std::ranges::all_of(tokens,
                                       [&cache](const std::string& token) { return cache.find(token) != nullptr; });
        }));
    done = true;
}

TEST(GivenAForkWhileCachesAreMade, NeitherWaitsForTheOther) {
    std::atomic<bool> done{false};
    std::vector<std::jthread> makers;
    for (int thread = 0; thread < 2; ++thread)
        makers.emplace_back([&done] {
            while (!done) TokenCache{kAmple}.store(cached(token_of(1)));
        });
    for (int fork = 0; fork < 40; ++fork) EXPECT_TRUE(holds_in_child([] { return true; }));
    done = true;
}

}  // namespace
}  // namespace authjwks
