#include "net/http_headers.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

using namespace std::chrono_literals;

HttpHeaders headers_of(std::initializer_list<std::string_view> lines) {
    HttpHeaders headers;
    for (const std::string_view line : lines) EXPECT_TRUE(headers.take(line)) << line;
    return headers;
}

TEST(GivenNoHeaders, NothingIsKnown) {
    const HttpHeaders headers = headers_of({"HTTP/1.1 200 OK\r\n", "\r\n"});

    EXPECT_EQ(headers.lifetime(), std::nullopt);
    EXPECT_EQ(headers.retry_after(), std::nullopt);
    EXPECT_EQ(headers.version().etag, "");
    EXPECT_EQ(headers.version().last_modified, "");
}

TEST(GivenACacheControl, ItsMaxAgeIsTheLifetime) {
    struct Row {
        std::string_view line;
        std::optional<std::chrono::seconds> lifetime;
    };
    for (const auto& [line, lifetime] : {
             Row{"Cache-Control: max-age=120\r\n", 120s},
             {"Cache-Control: max-age=120", 120s},
             {"cache-control:public,max-age=5\r\n", 5s},
             {"CACHE-CONTROL: public, MAX-AGE=300, must-revalidate\r\n", 300s},
             {"Cache-Control: s-maxage=7, max-age=8\r\n", 8s},
             {"Cache-Control:\t max-age=9 \r\n", 9s},
             {"Cache-Control: max-age=\"60\"\r\n", 60s},
             {"Cache-Control: ,,max-age=3,\r\n", 3s},
             {"Cache-Control: s-maxage=7\r\n", std::nullopt},
             {"Cache-Control: x-max-age=7\r\n", std::nullopt},
             {"Cache-Control: max-age\r\n", std::nullopt},
             {"Cache-Control: max-age=\r\n", std::nullopt},
             {"Cache-Control: max-age=-5\r\n", std::nullopt},
             {"Cache-Control: max-age=soon\r\n", std::nullopt},
             {"Cache-Control:\r\n", std::nullopt},
             {"Cache-Control\r\n", std::nullopt},
             {"X-Cache-Control: max-age=5\r\n", std::nullopt},
             {"Expires: Thu, 01 Jan 2032 00:00:00 GMT\r\n", std::nullopt},
         })
        EXPECT_EQ(headers_of({line}).lifetime(), lifetime) << line;
}

// Many servers forbid it for all their responses alike, which says nothing about keys.
TEST(GivenAServerThatForbidsCaching, ThereIsNoLifetime) {
    for (const std::string_view line :
         {"Cache-Control: max-age=0\r\n", "Cache-Control: no-store\r\n", "Cache-Control: no-cache\r\n",
          "Cache-Control: no-cache, no-store, max-age=0, must-revalidate", "Cache-Control: max-age=600, no-store",
          "Cache-Control: no-cache,max-age=600", "cache-control: public, max-age=600, NO-STORE",
          "CACHE-CONTROL: No-Cache , max-age=600", "Cache-Control: max-age=\"0\""})
        EXPECT_EQ(headers_of({line}).lifetime(), std::nullopt) << line;
    EXPECT_EQ(headers_of({"Cache-Control: max-age=600", "Cache-Control: no-store"}).lifetime(), std::nullopt);
    EXPECT_EQ(headers_of({"Cache-Control: no-cache", "Cache-Control: max-age=600"}).lifetime(), std::nullopt);
    EXPECT_EQ(headers_of({"Cache-Control: max-age=0", "Age: 5"}).lifetime(), std::nullopt);
}

TEST(GivenADirectiveThatForbidsSomethingElse, TheLifetimeStays) {
    for (const std::string_view line :
         {"Cache-Control: max-age=600, no-transform", "Cache-Control: max-age=600, no-stores",
          "Cache-Control: max-age=600, x-no-cache", "Cache-Control: max-age=600, no-cache=\"Set-Cookie\"",
          "Pragma: no-cache\r\nCache-Control: max-age=600"})
        EXPECT_EQ(headers_of({"Cache-Control: max-age=600", line}).lifetime(), 600s) << line;
}

// RFC 9111 §1.2.2
TEST(GivenAMaxAgeTooLargeToCount, ItIsVeryLong) {
    for (const char* digits : {"4294967296", "99999999999999999999999999"})
        EXPECT_GE(headers_of({std::string("Cache-Control: max-age=") + digits}).lifetime(), 24h * 365) << digits;
}

TEST(GivenSeveralCacheControls, AMaxAgeInAnyOfThemCounts) {
    EXPECT_EQ(headers_of({"Cache-Control: public", "Cache-Control: max-age=9"}).lifetime(), 9s);
    EXPECT_EQ(headers_of({"Cache-Control: max-age=9", "Cache-Control: public"}).lifetime(), 9s);
}

TEST(GivenAnAge, ItIsTakenOffTheLifetime) {
    EXPECT_EQ(headers_of({"Cache-Control: max-age=100", "Age: 30\r\n"}).lifetime(), 70s);
    EXPECT_EQ(headers_of({"age:30", "Cache-Control: max-age=100"}).lifetime(), 70s) << "in either order";
    EXPECT_EQ(headers_of({"Cache-Control: max-age=100", "Age: 100"}).lifetime(), 0s);
    EXPECT_EQ(headers_of({"Cache-Control: max-age=100", "Age: 101"}).lifetime(), 0s) << "never below zero";
    EXPECT_EQ(headers_of({"Cache-Control: max-age=100", "Age: 99999999999999"}).lifetime(), 0s);
    EXPECT_EQ(headers_of({"Cache-Control: max-age=100", "Age: old"}).lifetime(), 100s);
    EXPECT_EQ(headers_of({"Cache-Control: max-age=100", "Age: -5"}).lifetime(), 100s);
    EXPECT_EQ(headers_of({"Age: 5"}).lifetime(), std::nullopt);
}

TEST(GivenAVersion, ItIsKeptAsReceived) {
    const HttpHeaders headers = headers_of({"ETag: W/\"a b\" \r\n", "last-modified:Sun, 22 Nov 2026 10:00:00 GMT\r\n"});

    EXPECT_EQ(headers.version().etag, "W/\"a b\"");
    EXPECT_EQ(headers.version().last_modified, "Sun, 22 Nov 2026 10:00:00 GMT");
}

TEST(GivenAnotherStatusLine, WhatWasSaidBeforeIsForgotten) {
    const HttpHeaders headers =
        headers_of({"HTTP/1.1 103 Early Hints", "Cache-Control: max-age=9", "Age: 3", "ETag: \"old\"",
                    "Last-Modified: then", "Retry-After: 7", "", "HTTP/2 200"});

    EXPECT_EQ(headers.lifetime(), std::nullopt);
    EXPECT_EQ(headers.retry_after(), std::nullopt);
    EXPECT_EQ(headers.version().etag, "");
    EXPECT_EQ(headers.version().last_modified, "");
}

// A field's name has no slash, so this is none; it is no status line either.
TEST(GivenALineThatBeginsLikeAStatusLine, ItForgetsNothing) {
    for (const std::string_view line :
         {"HTTP/x: 1", "HTTP/1.1: 200", "HTTP/1.1", "HTTP/ 200 OK", "HTTP/1.1 20", "HTTP/1.1 OK "})
        EXPECT_EQ(headers_of({"Cache-Control: max-age=9", line}).lifetime(), 9s) << line;
}

TEST(GivenManyStatusLines, TheLimitIsForAllOfThem) {
    HttpHeaders headers;
    const std::string interim = "HTTP/1.1 103 Early Hints\r\n";
    std::size_t taken = 0;
    while (headers.take(interim)) taken += interim.size();
    EXPECT_LE(taken, HttpHeaders::kMaxBytes);
}

TEST(GivenAVersionThatCannotBeSentBack, ItIsNotKept) {
    for (const std::string& bad : {std::string("\"a\rb\""), std::string("\"a\x01\""), std::string("\"\x7F\""),
                                   std::string("\"\xC3\xA4\""), std::string("\"a\0b\"", 5), std::string(1025, 'a')}) {
        const HttpHeaders headers = headers_of({"ETag: " + bad, "Last-Modified: " + bad});
        EXPECT_EQ(headers.version().etag, "") << bad;
        EXPECT_EQ(headers.version().last_modified, "") << bad;
    }
}

TEST(GivenARetryAfter, SecondsAreTakenAsTheyAre) {
    struct Row {
        std::string_view line;
        std::optional<std::chrono::seconds> wait;
    };
    for (const auto& [line, wait] : {
             Row{"Retry-After: 120\r\n", 120s},
             {"retry-after:0", 0s},
             {"RETRY-AFTER: 7 \r\n", 7s},
             {"Retry-After: -5", std::nullopt},
             {"Retry-After: soon", std::nullopt},
             {"Retry-After:", std::nullopt},
             {"X-Retry-After: 7", std::nullopt},
         })
        EXPECT_EQ(headers_of({line}).retry_after(), wait) << line;
}

TEST(GivenARetryAfter, ADateIsComparedWithThatOfTheResponse) {
    for (const std::string_view date :
         {"Sun, 22 Nov 2026 10:00:30 GMT", "Sunday, 22-Nov-26 10:00:30 GMT", "Sun Nov 22 10:00:30 2026"}) {
        const std::string line = "Retry-After: " + std::string(date);
        EXPECT_EQ(headers_of({line, "Date: Sun, 22 Nov 2026 10:00:00 GMT"}).retry_after(), 30s) << date;
        EXPECT_EQ(headers_of({"Date: Sun Nov 22 09:59:00 2026", line}).retry_after(), 90s) << date;
        EXPECT_EQ(headers_of({line, "Date: Sun, 22 Nov 2026 11:00:00 GMT"}).retry_after(), 0s) << "never negative";
        EXPECT_EQ(headers_of({line}).retry_after(), std::nullopt) << "without a date to compare with";
        EXPECT_EQ(headers_of({line, "Date: today"}).retry_after(), std::nullopt);
    }
}

TEST(GivenARetryAfter, NoNumberAndNoDateOverflows) {
    for (const std::string_view text : {"4294967296", "99999999999999999999999999"})
        EXPECT_GE(headers_of({"Retry-After: " + std::string(text)}).retry_after(), 24h * 365) << text;
    for (const std::string_view text : {"Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 99999999 23:59:59 GMT"}) {
        const auto wait =
            headers_of({"Retry-After: " + std::string(text), "Date: Sun, 22 Nov 2026 10:00:00 GMT"}).retry_after();
        EXPECT_GE(wait.value_or(0s), 0s) << text;
    }
    EXPECT_EQ(headers_of({"Retry-After: Sun, 22 Nov 2026 10:00:30 GMT" + std::string(2000, ' ') + "x",
                          "Date: Sun, 22 Nov 2026 10:00:00 GMT"})
                  .retry_after(),
              std::nullopt)
        << "longer than any date";
}

TEST(GivenCodings, OneLayerOfGzipOrDeflateIsDecodable) {
    const auto decodable = [](std::initializer_list<std::string_view> lines) {
        return headers_of(lines).is_decodable();
    };
    EXPECT_TRUE(decodable({}));
    EXPECT_TRUE(decodable({"Content-Encoding: GZIP"}));
    EXPECT_TRUE(decodable({"Content-Encoding: x-gzip"}));
    EXPECT_TRUE(decodable({"content-encoding: deflate", "Transfer-Encoding: chunked"}));
    EXPECT_TRUE(decodable({"Content-Encoding: identity, gzip,", "Content-Encoding: "}));
    EXPECT_FALSE(decodable({"Content-Encoding: gzip, gzip"}));
    EXPECT_FALSE(decodable({"Content-Encoding: gzip", "Content-Encoding: deflate"}));
    EXPECT_FALSE(decodable({"Content-Encoding: gzip", "Transfer-Encoding: gzip, chunked"}));
    EXPECT_FALSE(decodable({"Content-Encoding: br"}));
    EXPECT_TRUE(decodable({"Content-Encoding: gzip, gzip", "HTTP/1.1 200 OK"})) << "said of an interim answer";
}

TEST(GivenTooManyHeaders, OneByteMoreIsRefused) {
    HttpHeaders headers;
    EXPECT_TRUE(headers.take(std::string(HttpHeaders::kMaxBytes - 1, 'x')));
    EXPECT_TRUE(headers.take("x"));
    EXPECT_FALSE(headers.take("x"));
    EXPECT_EQ(HttpHeaders::kMaxBytes, 65536U);
}

}  // namespace
}  // namespace authjwks
