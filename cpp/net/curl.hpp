// Owning types for libcurl's objects; no other file frees one.
#pragma once

#include <memory>

#include "net/curl_api.hpp"

namespace authjwks::net {

struct FreeEasy {
    void operator()(CURL* handle) const noexcept { curl().easy_cleanup(handle); }
};
struct FreeMulti {
    void operator()(CURLM* handle) const noexcept { curl().multi_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl().slist_free_all(list); }
};
struct FreeUrl {
    void operator()(CURLU* url) const noexcept { curl().url_cleanup(url); }
};
struct FreeText {
    void operator()(char* text) const noexcept { curl().free(text); }
};

using Easy = std::unique_ptr<CURL, FreeEasy>;
using Multi = std::unique_ptr<CURLM, FreeMulti>;
using List = std::unique_ptr<curl_slist, FreeList>;
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;
using Text = std::unique_ptr<char, FreeText>;

}  // namespace authjwks::net
