#include "net/http.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include <gtest/gtest.h>

#include "net/curl_api.hpp"
#include "support/gzip.hpp"
#include "support/loopback_server.hpp"

namespace authjwks {
namespace {

using support::Connection;
using support::LoopbackServer;
using support::TlsIdentity;
using namespace std::chrono_literals;

using Outcome = Result<HttpResponse, FetchFailure>;

constexpr auto kAmpleTime = 10s;    // for exchanges that end by themselves
constexpr auto kShortTime = 300ms;  // for those that only the deadline ends

HttpOptions options() { return {.allow_http = true, .user_agent = "authjwks/test"}; }

Outcome get(const std::string& url, Clock::duration time = kAmpleTime, const HttpOptions& with = options()) {
    return make_http_fetch(with)({.url = url, .deadline = Clock::now() + time, .send_credentials = true});
}

/// The word for what went wrong, or the status.
std::string outcome_of(const Outcome& outcome) {
    return outcome ? std::to_string(outcome->status) : std::string(name_of(outcome.error().fault));
}

std::string answer(std::string_view body, std::string_view headers = "", std::string_view status = "200 OK") {
    return std::string("HTTP/1.1 ")
        .append(status)
        .append("\r\nContent-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\n")
        .append(headers)
        .append("\r\n")
        .append(body);
}

/// Proxies of the machine that runs the tests must not stand between them and their servers.
class GivenAServer : public ::testing::Test {
  protected:
    GivenAServer() {
        for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) unsetenv(name);
    }
};

TEST_F(GivenAServer, StatusAndBodyAreReturned) {
    for (const std::string_view status : {"200 OK", "404 Not Found", "503 Service Unavailable", "304 Not Modified"}) {
        LoopbackServer server(answer(status.starts_with("304") ? "" : "the body", "", status));
        const auto response = get(server.url("/keys"));
        ASSERT_TRUE(response) << status;
        EXPECT_EQ(std::to_string(response->status), status.substr(0, 3));
        EXPECT_EQ(response->body, status.starts_with("304") ? "" : "the body");
        EXPECT_EQ(response->lifetime, std::nullopt);
    }
}

TEST_F(GivenAServer, ItIsAskedForJsonByOneGet) {
    LoopbackServer server(answer("{}"));
    HttpOptions with = options();
    with.headers = {{"X-Tenant", "a b"}, {"Authorization", "Basic eDp5"}};

    ASSERT_EQ(outcome_of(get(server.url("/keys?x=y"), kAmpleTime, with)), "200");

    ASSERT_EQ(server.requests().size(), 1U);
    const std::string request = server.requests()[0];
    EXPECT_TRUE(request.starts_with("GET /keys?x=y HTTP/1.1\r\n")) << request;
    const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port());
    for (const std::string_view line :
         std::initializer_list<std::string_view>{host, "Accept: application/json", "User-Agent: authjwks/test",
                                                 "X-Tenant: a b", "Authorization: Basic eDp5"})
        EXPECT_NE(request.find("\r\n" + std::string(line) + "\r\n"), std::string::npos) << line << "\n" << request;
    EXPECT_EQ(request.find("Cache-Control"), std::string::npos);
}

TEST_F(GivenAServer, CachesMustRevalidateOnlyIfRequested) {
    LoopbackServer server(answer("{}"));
    const Fetch fetch = make_http_fetch(options());

    ASSERT_TRUE(fetch({server.url("/"), Clock::now() + kAmpleTime, true}));

    EXPECT_NE(server.requests()[0].find("\r\nCache-Control: no-cache\r\n"), std::string::npos);
}

Outcome post(const std::string& url, const std::string& body, const std::string& type) {
    return make_http_fetch(options())(
        {.url = url, .deadline = Clock::now() + kAmpleTime, .method = "POST", .body = body, .content_type = type});
}

TEST_F(GivenAServer, APostArrivesWithBodyTypeAndLength) {
    LoopbackServer server(answer("{}"));
    const std::string body = "token=" + std::string(20'000, 'a') + '\0' + "end";

    ASSERT_EQ(outcome_of(post(server.url("/introspect"), body, "application/x-www-form-urlencoded")), "200");

    ASSERT_EQ(server.requests().size(), 1U);
    const std::string request = server.requests()[0];
    EXPECT_TRUE(request.starts_with("POST /introspect HTTP/1.1\r\n")) << request.substr(0, 200);
    EXPECT_TRUE(request.ends_with("\r\n\r\n" + body));
    for (const std::string_view line : std::initializer_list<std::string_view>{
             "Content-Length: 20010", "Content-Type: application/x-www-form-urlencoded", "Accept: application/json"})
        EXPECT_NE(request.find("\r\n" + std::string(line) + "\r\n"), std::string::npos) << line;
    EXPECT_EQ(request.find("Expect"), std::string::npos);
}

TEST_F(GivenAServer, APostWithoutBodyOrTypeHasNone) {
    LoopbackServer server(answer("{}"));

    ASSERT_EQ(outcome_of(post(server.url("/"), "", "")), "200");

    EXPECT_NE(server.requests()[0].find("\r\nContent-Length: 0\r\n"), std::string::npos);
    EXPECT_EQ(server.requests()[0].find("Content-Type"), std::string::npos);
}

TEST_F(GivenAServer, APostIsNeitherRedirectedNorRepeated) {
    LoopbackServer target(answer("{}"));
    LoopbackServer redirecting(answer("", "Location: " + target.url("/") + "\r\n", "307 Temporary Redirect"));
    EXPECT_EQ(outcome_of(post(redirecting.url("/"), "a=b", "text/plain")), "307");
    EXPECT_TRUE(target.requests().empty());

    LoopbackServer resetting([](Connection& client) { client.reset(); });
    EXPECT_EQ(outcome_of(post(resetting.url("/"), "a=b", "text/plain")), "unreachable");
    EXPECT_EQ(resetting.requests().size(), 1U);

    LoopbackServer unwilling(answer("", "", "417 Expectation Failed"));
    EXPECT_EQ(outcome_of(post(unwilling.url("/"), "a=b", "text/plain")), "417");
    EXPECT_EQ(unwilling.requests().size(), 1U);
}

TEST_F(GivenAServer, TheResponseToAPostIsBounded) {
    LoopbackServer server(answer(std::string(kMaxBodyBytes + 1, 'a')));
    EXPECT_EQ(outcome_of(post(server.url("/"), "a=b", "text/plain")), "too_large");

    LoopbackServer silent([](Connection& client) { client.gone_within(kAmpleTime); });
    const auto outcome = make_http_fetch(options())(
        {.url = silent.url("/"), .deadline = Clock::now() + kShortTime, .method = "POST", .body = "a=b"});
    EXPECT_EQ(outcome_of(outcome), "timed_out");
}

TEST_F(GivenAServer, FetchIsThreadSafe) {
    LoopbackServer server(answer("{}"));
    const Fetch fetch = make_http_fetch(options());
    std::array<std::string, 4> outcomes;
    {
        std::vector<std::jthread> threads;
        for (std::string& outcome : outcomes)
            threads.emplace_back([&] { outcome = outcome_of(fetch({server.url("/"), Clock::now() + kAmpleTime})); });
    }
    for (const std::string& outcome : outcomes) EXPECT_EQ(outcome, "200");
}

TEST_F(GivenAServer, HeadersAreReturned) {
    LoopbackServer server(
        answer("{}", "Cache-Control: max-age=120\r\nAge: 20\r\nETag: \"v1\"\r\nLast-Modified: then\r\n"));

    const auto response = get(server.url("/"));

    ASSERT_TRUE(response);
    EXPECT_EQ(response->lifetime, 100s);
    EXPECT_EQ(response->version.etag, "\"v1\"");
    EXPECT_EQ(response->version.last_modified, "then");
}

TEST_F(GivenAServer, AnInterimResponseIsIgnored) {
    LoopbackServer server("HTTP/1.1 103 Early Hints\r\nCache-Control: max-age=120\r\n\r\n" + answer("{}"));

    const auto response = get(server.url("/"));

    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->lifetime, std::nullopt);
}

TEST_F(GivenAServer, ValidatorsAreSent) {
    LoopbackServer server(answer("", "", "304 Not Modified"));

    const auto response = make_http_fetch(options())(
        {.url = server.url("/"), .deadline = Clock::now() + kAmpleTime, .known = {"\"v1\"", "then"}});

    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 304);
    EXPECT_NE(server.requests()[0].find("\r\nIf-None-Match: \"v1\"\r\n"), std::string::npos);
    EXPECT_NE(server.requests()[0].find("\r\nIf-Modified-Since: then\r\n"), std::string::npos);
}

TEST_F(GivenAServer, WithoutAVersionAtHandNoConditionIsMade) {
    LoopbackServer server(answer("{}"));
    EXPECT_EQ(outcome_of(get(server.url("/"))), "200");
    EXPECT_EQ(server.requests()[0].find("\r\nIf-"), std::string::npos);
}

TEST_F(GivenAServer, ItsRedirectIsNotFollowed) {
    for (const std::string_view status :
         {"301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"}) {
        LoopbackServer target(answer("{}"));
        LoopbackServer server(answer("", "Location: " + target.url("/") + "\r\n", status));
        EXPECT_EQ(outcome_of(get(server.url("/"))), status.substr(0, 3));
        EXPECT_TRUE(target.requests().empty()) << status;
    }
}

TEST_F(GivenAServer, ABodyMayHaveOneMebibyte) {
    LoopbackServer server(answer(std::string(kMaxBodyBytes, 'x')));
    const auto response = get(server.url("/"));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body.size(), kMaxBodyBytes);
}

TEST_F(GivenAServer, ABodyOfOneByteMoreIsTooLarge) {
    const std::string body(kMaxBodyBytes + 1, 'x');
    LoopbackServer announced(answer(body));
    EXPECT_EQ(outcome_of(get(announced.url("/"))), "too_large");
    LoopbackServer unannounced("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body);
    EXPECT_EQ(outcome_of(get(unannounced.url("/"))), "too_large");
}

TEST_F(GivenAServer, ABodyWithoutAnEndIsTooLarge) {
    LoopbackServer server([](Connection& client) {
        client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
        while (client.send(chunk)) continue;
    });
    EXPECT_EQ(outcome_of(get(server.url("/"))), "too_large");
}

TEST_F(GivenAServer, HeadersWithoutAnEndAreTooLarge) {
    LoopbackServer server([](Connection& client) {
        client.send("HTTP/1.1 200 OK\r\n");
        while (client.send("X-Flood: " + std::string(1000, 'x') + "\r\n")) continue;
    });
    EXPECT_EQ(outcome_of(get(server.url("/"))), "too_large");
}

TEST_F(GivenAServer, AHeaderWithoutAnEndIsAFailure) {
    LoopbackServer server([](Connection& client) {
        client.send("HTTP/1.1 200 OK\r\nX-Flood: ");
        while (client.send(std::string(1000, 'x'))) continue;
    });
    EXPECT_FALSE(get(server.url("/")));
}

TEST_F(GivenAServer, ACompressedBodyIsDecoded) {
    LoopbackServer server(answer(support::Gzip(R"({"keys":[]})").bytes(), "Content-Encoding: gzip\r\n"));
    const auto response = get(server.url("/"));
    ASSERT_TRUE(response) << outcome_of(response);
    EXPECT_EQ(response->body, R"({"keys":[]})");
    EXPECT_NE(server.requests()[0].find("Accept-Encoding: "), std::string::npos);
}

TEST_F(GivenAServer, ABodyIsMeasuredAfterItIsDecoded) {
    const std::string small = support::Gzip("", 2 * kMaxBodyBytes).bytes();
    ASSERT_LT(small.size(), std::size_t{20'000});
    LoopbackServer server(answer(small, "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(outcome_of(get(server.url("/"))), "too_large");

    const std::string most = support::Gzip("", kMaxBodyBytes).bytes();
    LoopbackServer modest(answer(most, "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(outcome_of(get(modest.url("/"))), "200");
}

TEST_F(GivenAServer, ABodyThatCannotBeDecodedIsAFailure) {
    LoopbackServer server(answer("no gzip at all", "Content-Encoding: gzip\r\n"));
    EXPECT_EQ(outcome_of(get(server.url("/"))), "bad_encoding");
}

// A few KB in three layers took 22 s to decode, with the deadline ignored and every fork waiting.
TEST_F(GivenAServer, ABodyInSeveralLayersIsRefusedAtItsHeader) {
    for (const std::string_view headers :
         {"Content-Encoding: gzip, gzip\r\n", "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n",
          "Transfer-Encoding: gzip, gzip, gzip, chunked\r\n",
          "Content-Encoding: deflate\r\nTransfer-Encoding: gzip\r\n", "Content-Encoding: br\r\n",
          "Content-Encoding: gzip, identity, x-gzip\r\n"}) {
        LoopbackServer server([headers](Connection& client) {
            client.send("HTTP/1.1 200 OK\r\n" + std::string(headers) + "\r\n");
            EXPECT_TRUE(client.gone_within(kAmpleTime)) << "it waits for a body";
        });
        EXPECT_EQ(outcome_of(get(server.url("/"))), "bad_encoding") << headers;
    }
}

TEST_F(GivenAServer, ABodyThatDecodesToNothingIsBoundedBeforeDecoding) {
    LoopbackServer server([](Connection& client) {
        client.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
        client.send(std::string_view("\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10));
        std::string blocks;
        for (int i = 0; i < 10'000; ++i) blocks.append("\0\0\0\xFF\xFF", 5);
        while (client.send(blocks)) continue;
    });
    EXPECT_EQ(outcome_of(get(server.url("/"))), "too_large");
}

TEST_F(GivenAServer, WithoutLeaveItGetsNoConfiguredHeaders) {
    LoopbackServer server(answer("{}"));
    HttpOptions with = options();
    with.headers = {{"X-Api-Key", "secret"}, {"Accept", "text/plain"}};

    ASSERT_TRUE(make_http_fetch(with)({.url = server.url("/"), .deadline = Clock::now() + kAmpleTime}));

    const std::string request = server.requests()[0];
    EXPECT_EQ(request.find("secret"), std::string::npos);
    EXPECT_NE(request.find("\r\nAccept: application/json\r\n"), std::string::npos);
}

TEST_F(GivenAServer, OneThatSaysNothingIsGivenUpAtTheDeadline) {
    LoopbackServer server([](Connection& client) { client.gone_within(kAmpleTime); });
    EXPECT_EQ(outcome_of(get(server.url("/"), kShortTime)), "timed_out");
}

TEST_F(GivenAServer, OneThatDripsItsBodyIsGivenUpAtTheDeadline) {
    LoopbackServer server([](Connection& client) {
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while (client.send("x") && !client.gone_within(5ms)) continue;
    });
    EXPECT_EQ(outcome_of(get(server.url("/"), kShortTime)), "timed_out");
}

TEST_F(GivenAServer, OneThatDripsItsHeadersIsGivenUpAtTheDeadline) {
    LoopbackServer server([](Connection& client) {
        client.send("HTTP/1.1 200 OK\r\nX-Drip: ");
        while (client.send("x") && !client.gone_within(5ms)) continue;
    });
    EXPECT_EQ(outcome_of(get(server.url("/"), kShortTime)), "timed_out");
}

TEST_F(GivenAServer, ADeadlineThatHasPassedIsNotEvenTried) {
    LoopbackServer server(answer("{}"));
    EXPECT_EQ(outcome_of(get(server.url("/"), 0ms)), "timed_out");
    EXPECT_EQ(outcome_of(get(server.url("/"), -1h)), "timed_out");
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(GivenAServer, OneThatBreaksOffIsUnreachable) {
    const auto outcome_with = [](LoopbackServer::Serve serve) {
        LoopbackServer server(std::move(serve));
        return outcome_of(get(server.url("/")));
    };
    EXPECT_EQ(outcome_with([](Connection&) {}), "unreachable") << "without a word";
    EXPECT_EQ(outcome_with([](Connection& client) { client.reset(); }), "unreachable") << "with a reset";
    EXPECT_EQ(outcome_with([](Connection& client) { client.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"); }),
              "unreachable")
        << "within the body";
    EXPECT_EQ(outcome_with([](Connection& client) {
                  client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n");
              }),
              "unreachable")
        << "before the last chunk";
    EXPECT_EQ(outcome_with([](Connection& client) {
                  client.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}");
                  client.reset();
              }),
              "unreachable")
        << "with a reset within the body";
}

TEST_F(GivenAServer, OneThatDoesNotSpeakHttpIsUnreachable) {
    LoopbackServer server("SSH-2.0-OpenSSH_9.2\r\n");
    EXPECT_EQ(outcome_of(get(server.url("/"))), "unreachable");
}

/// The URL of a port at which nobody listens.
std::string url_of_nobody() { return LoopbackServer(answer("{}")).url(""); }

/// A host that no resolver has, which it knows without asking: a label has 63 bytes at most (RFC 1035 §2.3.4).
/// Versions of libcurl differ in their words.
std::string words_for(CURLcode code) {
    return "libcurl error " + std::to_string(code) + ": " + net::curl().easy_strerror(code);
}

std::string unresolvable_host() { return std::string(64, 'a') + ".example"; }

TEST_F(GivenAServer, OneThatIsGoneRefusesTheConnection) {
    EXPECT_EQ(outcome_of(get(url_of_nobody())), "connection_refused");
}

TEST_F(GivenAServer, AHostWithoutAddressIsNotResolved) {
    EXPECT_EQ(outcome_of(get("http://" + unresolvable_host() + "/")), "name_not_resolved");
}

TEST_F(GivenAServer, TheCauseIsLibcurlsNumberAndFixedText) {
    const auto cause_of = [](const Outcome& outcome) { return outcome ? "a response" : outcome.error().cause; };
    EXPECT_EQ(cause_of(get(url_of_nobody())), words_for(CURLE_COULDNT_CONNECT));
    EXPECT_EQ(cause_of(get("http://" + unresolvable_host() + "/")), words_for(CURLE_COULDNT_RESOLVE_HOST));
    EXPECT_EQ(cause_of(get("http://127.0.0.1:1/", 0ms)), "") << "libcurl was not asked";

    LoopbackServer silent([](Connection& client) { client.gone_within(kAmpleTime); });
    EXPECT_EQ(cause_of(get(silent.url("/"), kShortTime)), "libcurl error 28: Timeout was reached");
}

TEST_F(GivenAServer, NoTextOfItIsInTheCause) {
    for (const std::string_view text :
         {"SSH-2.0-secret\r\n", "HTTP/9.9 200 secret\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: secret\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Encoding: secret\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n"}) {
        LoopbackServer server{std::string(text)};
        const auto outcome = get(server.url("/"));
        ASSERT_FALSE(outcome) << text;
        EXPECT_EQ(outcome.error().cause.find("secret"), std::string::npos) << outcome.error().cause;
    }
}

TEST_F(GivenAServer, WhenItWantsToBeAskedAgainIsReturned) {
    LoopbackServer server(answer("", "Retry-After: 17\r\n", "503 Service Unavailable"));
    const auto response = get(server.url("/"));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->retry_after, 17s);
}

TEST_F(GivenAServer, PlainHttpIsRefusedUnlessAllowed) {
    LoopbackServer server(answer("{}"));
    HttpOptions strict = options();
    strict.allow_http = false;
    const auto outcome = get(server.url("/"), kAmpleTime, strict);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().cause, "libcurl error 1: Unsupported protocol");
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(GivenAServer, NothingButHttpAndHttpsIsSpoken) {
    LoopbackServer server(answer("{}"));
    const std::string authority = "127.0.0.1:" + std::to_string(server.port());
    for (const std::string scheme : {"ftp", "gopher", "dict", "telnet", "nonsense"})
        EXPECT_FALSE(get(scheme + "://" + authority + "/")) << scheme;
    EXPECT_FALSE(get("file:///etc/hostname"));
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(GivenAServer, AnExchangeEndsWhenTheProcessDoes) {
    std::atomic<bool> is_stopping = false;
    LoopbackServer server([&](Connection& client) {
        is_stopping = true;
        client.gone_within(kAmpleTime);
    });
    HttpOptions with = options();
    with.is_stopping = [&] { return is_stopping.load(); };
    EXPECT_EQ(outcome_of(get(server.url("/"), kAmpleTime, with)), "stopped");
}

TEST_F(GivenAServer, AConnectionMayBeSentElsewhere) {
    LoopbackServer server(answer("{}"));
    HttpOptions with = options();
    with.connect_to = {"issuer.example:80:127.0.0.1:" + std::to_string(server.port())};

    EXPECT_EQ(outcome_of(get("http://issuer.example/keys", kAmpleTime, with)), "200");

    EXPECT_NE(server.requests()[0].find("\r\nHost: issuer.example\r\n"), std::string::npos);
}

/// A proxy that answers for everybody.
class GivenAProxy : public GivenAServer {
  protected:
    ~GivenAProxy() override { unsetenv("http_proxy"); }

    LoopbackServer proxy{answer("{}")};
};

TEST_F(GivenAProxy, TheOneOfTheEnvironmentIsUsed) {
    setenv("http_proxy", proxy.url("").c_str(), 1);

    EXPECT_EQ(outcome_of(get("http://issuer.example/keys")), "200");

    ASSERT_EQ(proxy.requests().size(), 1U);
    EXPECT_TRUE(proxy.requests()[0].starts_with("GET http://issuer.example/keys HTTP/1.1\r\n")) << proxy.requests()[0];
}

TEST_F(GivenAProxy, TheOneConfiguredIsUsedInstead) {
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    HttpOptions with = options();
    with.proxy = proxy.url("");
    EXPECT_EQ(outcome_of(get("http://issuer.example/keys", kAmpleTime, with)), "200");
}

TEST_F(GivenAProxy, NoneIsUsedWhereThatIsConfigured) {
    setenv("http_proxy", proxy.url("").c_str(), 1);
    LoopbackServer server(answer("", "", "404 Not Found"));
    HttpOptions with = options();
    with.proxy = "";
    EXPECT_EQ(outcome_of(get(server.url("/"), kAmpleTime, with)), "404");
    EXPECT_TRUE(proxy.requests().empty());
}

TEST_F(GivenAProxy, HeadersForTheIssuerAreNotForIt) {
    LoopbackServer refusing(answer("", "", "403 Forbidden"));
    HttpOptions with = options();
    with.proxy = refusing.url("");
    with.headers = {{"Authorization", "Basic eDp5"}};

    EXPECT_EQ(outcome_of(get("https://issuer.example/keys", kAmpleTime, with)), "proxy_failed");

    ASSERT_EQ(refusing.requests().size(), 1U);
    EXPECT_TRUE(refusing.requests()[0].starts_with("CONNECT issuer.example:443 ")) << refusing.requests()[0];
    EXPECT_EQ(refusing.requests()[0].find("eDp5"), std::string::npos);
}

TEST_F(GivenAProxy, OneThatRefusesToConnectIsTheFailure) {
    for (const std::string_view status : {"407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"}) {
        LoopbackServer refusing(answer("", "", status));
        HttpOptions with = options();
        with.proxy = refusing.url("");

        const auto outcome = get("https://issuer.example/keys", kAmpleTime, with);

        EXPECT_EQ(outcome_of(outcome), "proxy_failed");
        ASSERT_FALSE(outcome);
        EXPECT_TRUE(outcome.error().cause.ends_with(", the proxy answered " + std::string(status.substr(0, 3))))
            << outcome.error().cause;
    }
}

TEST_F(GivenAProxy, AConfiguredOneThatIsGoneIsTheFailure) {
    HttpOptions with = options();
    with.proxy = url_of_nobody();
    for (const char* url : {"http://issuer.example/keys", "https://issuer.example/keys"})
        EXPECT_EQ(outcome_of(get(url, kAmpleTime, with)), "proxy_failed") << url;
}

TEST_F(GivenAProxy, OneWithoutAddressIsTheFailure) {
    HttpOptions with = options();
    with.proxy = "http://" + unresolvable_host() + ":3128";
    EXPECT_EQ(outcome_of(get("https://issuer.example/keys", kAmpleTime, with)), "proxy_failed");
}

/// A server that speaks TLS, and a folder for certificates to trust it by.
class GivenATlsServer : public GivenAServer {
  protected:
    GivenATlsServer() { std::filesystem::create_directory(folder); }
    ~GivenATlsServer() override { std::filesystem::remove_all(folder); }

    std::string written(const std::string& name, const std::string& text) const {
        std::ofstream(folder / name) << text;
        return folder / name;
    }
    HttpOptions trusting(const TlsIdentity& whom) const {
        HttpOptions with = options();
        with.allow_http = false;
        with.ca_file = written("ca.pem", whom.certificate_pem());
        return with;
    }
    static std::string get_from(const LoopbackServer& server, const HttpOptions& with) {
        return outcome_of(get("https://127.0.0.1:" + std::to_string(server.port()) + "/", kAmpleTime, with));
    }
    static void serve(Connection& client) { client.send(answer("{}")); }

    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("authjwks-test-" + std::to_string(getpid()));
    const TlsIdentity identity{"IP:127.0.0.1", 24h};
};

TEST_F(GivenATlsServer, ACertificateThatIsTrustedIsTaken) {
    LoopbackServer server(serve, identity);
    EXPECT_EQ(get_from(server, trusting(identity)), "200");
}

TEST_F(GivenATlsServer, AnUntrustedCertificateIsRefused) {
    LoopbackServer server(serve, identity);
    EXPECT_EQ(get_from(server, options()), "tls_untrusted");
    EXPECT_EQ(get_from(server, trusting(TlsIdentity("IP:127.0.0.1", 24h))), "tls_untrusted")
        << "only another is trusted";
    for (const std::string& request : server.requests()) EXPECT_EQ(request, "") << "something was sent to it";
}

TEST_F(GivenATlsServer, ACertificateForAnotherNameIsRefused) {
    for (const char* name : {"DNS:issuer.example", "IP:127.0.0.2"}) {
        const TlsIdentity other(name, 24h);
        LoopbackServer server(serve, other);
        EXPECT_EQ(get_from(server, trusting(other)), "tls_wrong_host") << name;
    }
}

TEST_F(GivenATlsServer, ACertificateThatHasExpiredIsRefused) {
    const TlsIdentity expired("IP:127.0.0.1", -24h);
    LoopbackServer server(serve, expired);
    EXPECT_EQ(get_from(server, trusting(expired)), "tls_expired");
}

TEST_F(GivenATlsServer, ACertificateThatIsNotYetValidIsRefused) {
    const TlsIdentity early("IP:127.0.0.1", 48h, 24h);
    LoopbackServer server(serve, early);
    EXPECT_EQ(get_from(server, trusting(early)), "tls_expired");
}

TEST_F(GivenATlsServer, TheCauseOfDistrustIsOfATable) {
    LoopbackServer server(serve, identity);
    const auto untrusted = get("https://127.0.0.1:" + std::to_string(server.port()) + "/", kAmpleTime, options());
    ASSERT_FALSE(untrusted);
    EXPECT_EQ(untrusted.error().cause, words_for(CURLE_PEER_FAILED_VERIFICATION) + ", " +
                                           X509_verify_cert_error_string(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT));

    const TlsIdentity other("DNS:secret.example", 24h);
    LoopbackServer elsewhere(serve, other);
    const auto wrong = get("https://127.0.0.1:" + std::to_string(elsewhere.port()) + "/", kAmpleTime, trusting(other));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().cause, words_for(CURLE_PEER_FAILED_VERIFICATION));
}

TEST_F(GivenATlsServer, ATrustFileThatIsNotThereIsNoReasonToTrust) {
    LoopbackServer server(serve, identity);
    HttpOptions with = options();
    with.ca_file = folder / "missing.pem";
    EXPECT_EQ(get_from(server, with), "tls_no_roots");
}

TEST_F(GivenATlsServer, AnEmptyTrustFolderTrustsNoServer) {
    LoopbackServer server(serve, identity);
    HttpOptions with = options();
    with.ca_path = folder;
    EXPECT_EQ(get_from(server, with), "tls_untrusted");
}

TEST_F(GivenATlsServer, ItsTrustFolderIsReadByHash) {
    LoopbackServer server(serve, identity);
    char name[16];
    std::snprintf(name, sizeof name, "%08lx.0", identity.subject_hash());
    written(name, identity.certificate_pem());
    HttpOptions with = options();
    with.ca_path = folder;
    EXPECT_EQ(get_from(server, with), "200");
}

TEST_F(GivenATlsServer, AClientMayShowACertificateOfItsOwn) {
    const TlsIdentity client("DNS:client.example", 24h);
    LoopbackServer server(serve, identity, &client);
    HttpOptions with = trusting(identity);
    EXPECT_EQ(get_from(server, with), "tls_client_certificate") << "it must";

    with.client_cert = written("client.pem", client.certificate_pem());
    with.client_key = written("client.key", client.key_pem());
    EXPECT_EQ(get_from(server, with), "200");

    with.client_cert = written("both.pem", client.certificate_pem() + client.key_pem());
    with.client_key = std::nullopt;
    EXPECT_EQ(get_from(server, with), "200") << "with its key in the same file";
}

TEST_F(GivenATlsServer, AClientCertificateThatItDoesNotTrustIsTheFailure) {
    const TlsIdentity trusted("DNS:client.example", 24h), other("DNS:client.example", 24h);
    for (const std::uint16_t version : std::initializer_list<std::uint16_t>{TLS1_2_VERSION, TLS1_3_VERSION}) {
        LoopbackServer server(serve, identity, &trusted, version);
        HttpOptions with = trusting(identity);
        with.client_cert = written("other.pem", other.certificate_pem() + other.key_pem());
        EXPECT_EQ(get_from(server, with), "tls_client_certificate") << version;
    }
}

// A plain handshake failure says no more; the advice names a client certificate as well.
TEST_F(GivenATlsServer, UnderTls12TheLackOfAClientCertificateIsAFailedHandshake) {
    const TlsIdentity client("DNS:client.example", 24h);
    LoopbackServer server(serve, identity, &client, TLS1_2_VERSION);
    EXPECT_EQ(get_from(server, trusting(identity)), "tls_failed");
}

TEST_F(GivenATlsServer, AClientKeyThatIsNotThereIsTheFailure) {
    LoopbackServer server(serve, identity);
    HttpOptions with = trusting(identity);
    with.client_cert = written("client.pem", identity.certificate_pem());
    with.client_key = folder / "missing.key";
    EXPECT_EQ(get_from(server, with), "tls_client_certificate");
}

TEST_F(GivenATlsServer, OneOfAnOlderVersionFailsTheHandshake) {
    LoopbackServer server(serve, identity, nullptr, TLS1_1_VERSION);
    EXPECT_EQ(get_from(server, trusting(identity)), "tls_failed");
}

TEST_F(GivenATlsServer, WithoutLeaveItIsShownNoClientCertificate) {
    const TlsIdentity client("DNS:client.example", 24h);
    LoopbackServer server(serve, identity, &client);
    HttpOptions with = trusting(identity);
    with.client_cert = written("both.pem", client.certificate_pem() + client.key_pem());
    const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";

    EXPECT_EQ(outcome_of(make_http_fetch(with)({.url = url, .deadline = Clock::now() + kAmpleTime})),
              get_from(server, trusting(identity)));
}

TEST_F(GivenATlsServer, OneThatSpeaksPlainHttpIsRefused) {
    LoopbackServer server(answer("{}"));
    EXPECT_EQ(get_from(server, trusting(identity)), "tls_failed");
}

TEST_F(GivenATlsServer, AFailureLeavesNoErrorForOpensslsOtherUsers) {
    LoopbackServer server(serve, identity);
    EXPECT_EQ(get_from(server, options()), "tls_untrusted");
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(GivenTheLibrary, ItTellsItsVersion) {
    EXPECT_TRUE(std::string_view(http_library_version()).find('.') != std::string_view::npos);
}

}  // namespace
}  // namespace authjwks
