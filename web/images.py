"""Reverse image search: pages, and JSON for programs."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from loaders.core.queries import Queries
from loaders.images.decoding import Decoder, sha256
from loaders.images.search.matches import SURE, SimilarClass, likeliest
from udfs.picture_headers import BadPicture
from web.database import PROBLEMS, Database, Result, select, words_of
from web.errors import ErrorAnswer
from web.rendering import in_words, render

QUERIES = Queries(Path(__file__).with_suffix(".sql"))
router = APIRouter(tags=["pictures"])
MATCHES = 12
# psql reads the picture; the functions decode it as the page did.
COPY = """\\set picture `base64 -w0 PICTURE.jpg`
select * from {}(decode(:'picture', 'base64'){})"""


class PictureMatch(BaseModel):
    """A stored picture that is similar to the query."""

    image_id: int
    title: str | None
    class_: str | None = Field(serialization_alias="class", description="What the picture shows")
    similarity: float = Field(description="Cosine similarity of the embeddings, -1 to 1")
    confidence: float = Field(description="Probability that both show the same kind of thing")
    page_url: str | None
    licence: str | None
    licence_url: str | None
    author: str | None
    picture: str = Field(description="Path of the thumbnail at this server")


class ClassOfPicture(BaseModel):
    """A class of the matches, with the probability that the query shows it."""

    class_: str = Field(serialization_alias="class")
    confidence: float
    pictures: int


class Label(BaseModel):
    """A label of the classifier."""

    label: str
    probability: float


class Duplicate(BaseModel):
    """A stored picture that is nearly the same. distance: in bits of 64, 0 for the same."""

    image_id: int
    title: str | None
    distance: int


class PictureAnswer(BaseModel):
    """What is known of a picture. verdict: in words."""

    verdict: str
    matches: list[PictureMatch]
    classes: list[ClassOfPicture]
    labels: list[Label]
    duplicates: list[Duplicate]


class Search:
    """Decodes uploaded pictures in processes of their own, and searches for them."""

    def __init__(self, database: Database, decoders: int) -> None:
        self._database, self._decoder = database, Decoder(decoders)

    def close(self) -> None:
        self._decoder.close()

    def find(self, content: bytes, n: int, min_confidence: float) -> dict[str, Any]:
        """All that is known of a picture. Errors: BadPicture."""
        thumbnail = self._decoder.result(self._decoder.submit(content)).thumbnail
        values: dict[str, Any] = {"picture": thumbnail, "sha256": sha256(content), "n": n}
        with self._database.connection() as conn:
            return {
                "matches": select(conn, QUERIES.matches, min_confidence=min_confidence, **values),
                "classes": select(conn, QUERIES.classes_of_picture, **values),
                "labels": select(conn, QUERIES.labels, picture=thumbnail),
                "duplicates": select(conn, QUERIES.duplicates, picture=thumbnail),
            }


def verdict(matches: list[dict[str, Any]], classes: list[dict[str, Any]]) -> str:
    """What the matches say, in a sentence."""
    if not matches:
        return "Nothing is stored that could look like it."
    best = max(matches, key=lambda match: match["confidence"])
    if best["confidence"] == 1:
        return f"This very picture is stored: {best['title'] or best['class'] or 'picture'}."
    kinds = [SimilarClass(one["class"], one["confidence"], one["pictures"]) for one in classes]
    title = best["title"] or f"picture {best['image_id']}"
    name, confidence = likeliest(best["confidence"], best["class"], title, kinds)
    if confidence < SURE:
        return "Nothing here looks like it."
    return f"{name}: {in_words(confidence)}."


@router.get("/images", response_class=HTMLResponse, include_in_schema=False)
def page(request: Request) -> HTMLResponse:
    """The page to drop a picture on."""
    database: Database = request.app.state.database
    with database.connection() as conn:
        values: dict[str, Any] = {
            "classes": select(conn, QUERIES.image_classes),
            "pictures": select(conn, QUERIES.any_pictures),
            "waiting": select(conn, QUERIES.waiting_pictures).first,
        }
    return render(request, "images.html", **values)


@router.post(
    "/images/search",
    summary="Find stored pictures that are similar to a file",
    response_model=PictureAnswer,
    responses={
        400: {"description": "The file is no picture that can be read", "model": ErrorAnswer},
        403: {"description": "A page of another site sends the request", "model": ErrorAnswer},
        408: {"description": "The request takes too long to arrive", "model": ErrorAnswer},
        413: {"description": "The file is too large", "model": ErrorAnswer},
    },
)
def search(
    request: Request,
    file: Annotated[UploadFile, File(description="A picture: JPEG, PNG, WebP, HEIC, AVIF, ...")],
    n: Annotated[int, Form(ge=1, le=100, description="Number of matches")] = MATCHES,
    min_confidence: Annotated[float, Form(ge=0, le=1)] = 0,
) -> Response:
    """Matches with their confidence, classes, labels and near duplicates, as JSON.

    A browser gets a page.
    """
    service: Search = request.app.state.search
    is_page = "text/html" in request.headers.get("accept", "")
    try:
        results = service.find(file.file.read(), n, min_confidence)
    except BadPicture as error:
        raise HTTPException(400, f"{file.filename or 'the file'}: {error}") from error
    words = verdict(results["matches"].rows, results["classes"].rows)
    if is_page:
        copies = {
            "matches": COPY.format("similar_images", f", n => {n}"),
            "classes": COPY.format("similar_classes", f", n => {n}"),
            "labels": COPY.format("classify_image", ", n => 5"),
            "duplicates": COPY.format("near_duplicates", ""),
        }
        return render(
            request, "matches.html", verdict=words, copies=copies, picture=None, **results
        )
    matches = [
        PictureMatch(class_=row.pop("class"), picture=f"/images/{row['image_id']}.jpg", **row)
        for row in results["matches"]
    ]
    answer = PictureAnswer(
        verdict=words,
        matches=matches,
        classes=[ClassOfPicture(class_=row.pop("class"), **row) for row in results["classes"]],
        labels=[Label(**row) for row in results["labels"]],
        duplicates=[Duplicate(**row) for row in results["duplicates"]],
    )
    return JSONResponse(answer.model_dump(by_alias=True))


@router.get("/images/search", response_class=HTMLResponse, include_in_schema=False)
def nothing_sent() -> HTMLResponse:
    """What somebody sees who opens the address of the form."""
    raise HTTPException(405, "send a picture to this address: open /images", {"allow": "POST"})


@router.get("/images/{image_id}", response_class=HTMLResponse, include_in_schema=False)
def similar(request: Request, image_id: int) -> HTMLResponse:
    """A stored picture and what is similar to it."""
    database: Database = request.app.state.database
    if not 0 < image_id < 1 << 63:
        raise HTTPException(404, f"there is no picture {image_id}")
    with database.connection() as conn:
        picture = select(conn, QUERIES.picture, image_id=image_id)
        if picture.first is None:
            raise HTTPException(404, f"there is no picture {image_id}")
        try:
            matches = select(conn, QUERIES.images_like, image_id=image_id, n=MATCHES)
        except PROBLEMS as error:
            matches = Result([], notices=[words_of(error)])
    nothing = Result([])
    return render(
        request, "matches.html", verdict="", copies={"matches": matches.query},
        picture=picture.first, matches=matches,
        classes=nothing, labels=nothing, duplicates=nothing,
    )  # fmt: skip
