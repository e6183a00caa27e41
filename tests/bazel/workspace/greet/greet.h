#pragma once

// Who is greeted by hello.
const char* World();
