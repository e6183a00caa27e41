#define TITLE "shapes"
